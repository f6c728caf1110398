"""The suite ``detect``: does each check find what was put in, and stay quiet on clean content?"""
