"""Tables of studies: their columns, how they are read and checked, and the record that holds them."""
