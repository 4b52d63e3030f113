"""Stories of the sample town, told through the real stack."""
