"""What stands in the files of a published site."""
