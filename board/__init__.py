"""What the board will answer, known on the host, and getting it there. numpy, Python 2.7 and 3."""
