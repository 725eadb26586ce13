"""For Theano's setup.py, by PYTHONPATH while pip installs it: what its versioneer.py reads setup.cfg with, until 3.11."""
import configparser

configparser.SafeConfigParser = configparser.RawConfigParser
configparser.RawConfigParser.readfp = configparser.RawConfigParser.read_file
