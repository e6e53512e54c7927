"""What connects the client to the libraries that hosts are built with."""
