"""What customers say: scores first, then what their words are about, and how far either can be trusted.

Scores by touchpoint are what customers said they felt. Texts add themes and, with a lexicon that can be read
or a model taught on the shop's own rated comments, whether they praise or complain; no feelings beyond that.
Tickets say where it hurts and how long an answer takes.
"""

from journey_lib.voice.after import after
from journey_lib.voice.at_stages import answers_at, topics_at, words_at
from journey_lib.voice.classifier import SentimentModel, WordModel
from journey_lib.voice.held_out import assess, by_lexicon, confusion, disagreements, held_out, rated
from journey_lib.voice.hot_spots import discreet, hot_spots
from journey_lib.voice.hurts import hurts
from journey_lib.voice.lexicon import Lexicon
from journey_lib.voice.lexicon import load as lexicon
from journey_lib.voice.load import Topics, surveys, tickets, topics
from journey_lib.voice.pain import pain
from journey_lib.voice.polarity import polarity
from journey_lib.voice.scores import scores
from journey_lib.voice.scrub import scrub
from journey_lib.voice.text import language, normalise
from journey_lib.voice.themes import themes
from journey_lib.voice.tones import as_emotion, tones

__all__ = [
    "Lexicon",
    "SentimentModel",
    "Topics",
    "WordModel",
    "after",
    "answers_at",
    "as_emotion",
    "assess",
    "by_lexicon",
    "confusion",
    "disagreements",
    "discreet",
    "held_out",
    "hot_spots",
    "hurts",
    "language",
    "lexicon",
    "normalise",
    "pain",
    "polarity",
    "rated",
    "scores",
    "scrub",
    "surveys",
    "themes",
    "tickets",
    "tones",
    "topics",
    "topics_at",
    "words_at",
]
