"""Personas an analyst can defend: groups of customers by declared rules or found in what they do."""
