"""What one visitor's session holds, and the stores of this computer."""
