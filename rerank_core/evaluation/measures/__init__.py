"""How good an order is: measures, their means and differences, cut-offs, cost against quality."""
