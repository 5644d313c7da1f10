"""Do readers find that a map points at disease, more than a control does?"""
