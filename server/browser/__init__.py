"""A browser over WebRTC, as a Leg and a control channel. aiortc is known only here."""

from server.browser.gathering import IceServer, MediaNetwork
from server.browser.leg import FrameEncoder
from server.browser.peer import BrowserPeer, PeerState, PeerStats

__all__ = ["BrowserPeer", "FrameEncoder", "IceServer", "MediaNetwork", "PeerState", "PeerStats"]
