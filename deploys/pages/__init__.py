"""What each page shows, as one frozen value made from rows. No query happens here."""
