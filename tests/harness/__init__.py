"""What the tests play: the machines around the service and the people and
devices that use it.  Written with Python's own tools and Debian's
python3-cryptography, never with our C, so that a mistake made twice in C does
not agree with itself."""
