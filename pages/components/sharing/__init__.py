"""Sharing: a result on its way out, as a link, a file or a picture; and a link on its way in."""
