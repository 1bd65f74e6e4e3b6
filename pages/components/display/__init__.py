"""What pages show: boards, tables, pictures, errors. Nothing here starts work or keeps data."""
