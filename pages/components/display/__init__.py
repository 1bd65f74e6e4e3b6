"""What pages show: boards, tables, pictures, errors."""
