import BeaconAPI
import Testing

@Suite("Header fields")
struct HeaderFieldsTests {
    @Test("names have no case")
    func names() {
        var fields: HeaderFields = ["Accept": "a", "ACCEPT": "b", "X": "c"]
        #expect(fields["accept"] == "a")
        #expect(fields.values("Accept") == ["a", "b"])
        fields.set("aCCept", "d")
        #expect(fields.values("accept") == ["d"])
        fields.remove("x")
        #expect(fields["X"] == nil)
    }

    @Test("a proxy drops what concerns one connection, and what Connection names")
    func endToEnd() {
        let fields: HeaderFields = [
            "Connection": "close, X-Secret ", "X-Secret": "1", "Transfer-Encoding": "chunked", "TE": "trailers",
            "Keep-Alive": "5", "Upgrade": "h2c", "Proxy-Authorization": "x", "Content-Type": "text/plain",
            "Eth-Consensus-Version": "fulu",
        ]
        #expect(fields.endToEnd().fields.map(\.name) == ["Content-Type", "Eth-Consensus-Version"])
    }
}
