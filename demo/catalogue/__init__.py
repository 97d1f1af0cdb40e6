"""The sample shop Fernhill: its products, and the shoppers drawn from stated personas. README.md tells the fields."""

from .reader import attribute_labels, personas, products, rules_text, shoppers

__all__ = ["attribute_labels", "personas", "products", "rules_text", "shoppers"]
