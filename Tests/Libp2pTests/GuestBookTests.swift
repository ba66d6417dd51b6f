import Testing

@testable import Libp2p

@Suite struct GuestBookTests {
    static func address(_ last: UInt32) -> Multiaddr { Multiaddr([.ip4(0x0a00_0000 | last), .tcp(1)]) }

    @Test("guests are counted in all and by place, and make room when they go")
    func counted() {
        var book = GuestBook()
        func admit(_ number: UInt8, _ place: UInt32?) -> Bool {
            book.admit(peer(number), from: place.map { Self.address($0) }, max: 4, perOriginMax: 2)
        }
        #expect(admit(1, 1) && admit(2, 1))
        #expect(!admit(3, 1))
        // Who is in is in.
        #expect(admit(1, 1))
        #expect(admit(3, 2) && admit(4, nil))
        #expect(!admit(5, 3))
        book.left(peer(1))
        book.left(peer(1))
        #expect(admit(5, 1) && book.count == 4)
        for number: UInt8 in 2...5 { book.left(peer(number)) }
        #expect(book.count == 0)
        #expect(admit(6, 1) && admit(7, 1) && !admit(8, 1))
    }

    @Test("an open gate is shut to one place that has enough guests, until one leaves")
    func gate() async throws {
        let server = makeHost(9) {
            $0.isGateOpen = true
            $0.limits.guestsPerOriginMax = 1
        }
        let clients = [UInt8(1), 2].map { makeHost($0, listens: false) }
        try await withHosts(server, clients[0], clients[1]) {
            let addresses = try await server.bind()
            await clients[0].add(server.peer, addresses: addresses)
            _ = try await clients[0].connection(to: server.peer, within: .seconds(10))
            await clients[1].add(server.peer, addresses: addresses)
            try await CircuitRelayTests.waitUntil { server.faults().contains { $0.fault == .refusedByGate } }
            #expect(!server.isConnected(peer(2)))
            await clients[0].remove(server.peer)
            try await CircuitRelayTests.waitUntil { server.isConnected(peer(2)) }
        }
    }
}
