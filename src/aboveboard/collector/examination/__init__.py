"""What is wrong with an installation, found by looking only: nothing is opened to write."""
