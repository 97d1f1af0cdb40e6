"""The sample shop and the page that shows it."""
