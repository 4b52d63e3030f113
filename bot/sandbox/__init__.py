"""A stand-in for Tencent: it speaks the real wire protocol and knows nothing of our code."""
