import Testing

@testable import Libp2p

@Suite("Errors of streams")
struct StreamErrorTests {
    @Test(
        "sentences for logs",
        arguments: [
            (.notConnected(peer(2)), "the peer is not connected"),
            (.refused(["/a", "/b"]), "the peer does not serve /a, /b"),
            (.connectionLost(.closedByPeer), "the connection is gone: closed by peer"),
            (.reset(code: 7), "the stream was reset, code 7"), (.timedOut, "no answer in time"),
            (.tooLong(claimed: 9, limit: 8), "a message of 9 bytes, of which 8 are allowed"),
        ] as [(StreamError, String)])
    func sentences(error: StreamError, text: String) {
        #expect("\(error)" == text)
    }
}
