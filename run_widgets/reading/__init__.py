"""What a run says: all that was logged and left behind, read bit by bit, in bounded memory."""
