"""What the page shows, as plain functions: from inputs to requests, and from results to HTML."""
