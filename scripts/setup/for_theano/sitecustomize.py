"""On PYTHONPATH while pip runs Theano's setup.py: restores what its versioneer.py reads setup.cfg with, removed in 3.12."""
import configparser

configparser.SafeConfigParser = configparser.RawConfigParser
configparser.RawConfigParser.readfp = configparser.RawConfigParser.read_file
