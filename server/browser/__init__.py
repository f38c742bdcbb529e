"""A browser over WebRTC, as a Leg and a control channel. aiortc is known only here."""

from server.browser.gathering import MediaNetwork
from server.browser.ice import TURN, IceServer, IceServers
from server.browser.leg import FrameEncoder
from server.browser.peer import BrowserPeer, PeerState, PeerStats

__all__ = ["TURN", "BrowserPeer", "FrameEncoder", "IceServer", "IceServers", "MediaNetwork", "PeerState", "PeerStats"]
