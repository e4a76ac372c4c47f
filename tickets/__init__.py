"""Work orders and the recordings linked to them."""
