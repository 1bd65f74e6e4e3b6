"""Background work of the pages: submitted, watched, paid for within the spending limit, taken over."""
