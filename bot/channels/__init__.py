"""One file per way in or out; each stands alone."""
