"""A closed world made from seeds: word problems, facts and pictures, and the eval sets drawn from them."""
