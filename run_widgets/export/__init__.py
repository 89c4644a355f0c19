"""A run where no kernel is: the picture that a notebook keeps, and the file to send."""
