"""Groups of customers: found or made by rules, described with what each number rests on."""
