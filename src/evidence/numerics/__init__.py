"""The numerical core: arrays in, small frozen records out; no tables, no figures."""
