import Cluster
import Logging
import NIOCore
import NIOPosix
import Program
import SSZ
import Secp256k1
import Synchronization
import Testing

@testable import Libp2p
@testable import Node

@Suite("Relays: flags, answers, resolving", .timeLimit(.minutes(1)))
struct RelayResolverTests {
    static func relay(_ number: UInt8) throws -> PeerID {
        PeerID(try PrivateKey([UInt8](repeating: number, count: 32)).publicKey)
    }

    static func list(_ texts: [String]) -> [UInt8] { JSONValue.array(texts.map { .string($0) }).bytes() }

    // MARK: Flags

    @Test("defaults are Charon's, and none is none")
    func flags() throws {
        let node = NodeConfiguration()
        #expect(RelayList(node.p2pRelays) == RelayList([]))
        let defaults = RelayList(NodeConfiguration.defaultRelays)
        #expect(defaults.sources.count == 3 && defaults.omissions.isEmpty)
        let id = try Self.relay(1)
        let list = RelayList([
            "/ip4/1.2.3.4/tcp/9/p2p/\(id)", "/dns/a.example/tcp/9/p2p/\(id)", "/ip4/1.2.3.4/tcp/9/p2p/\(id)",
        ])
        let resolver = RelayResolver(list.sources)
        #expect(resolver.urls.isEmpty)
        #expect(resolver.relays == [id: [try Multiaddr("/ip4/1.2.3.4/tcp/9"), try Multiaddr("/dns/a.example/tcp/9")]])
    }

    @Test(
        "what is no relay is left out and named without secrets, the others are used, and the node starts",
        arguments: [
            ("relay.example/key", "relay.example", .malformedURL),
            ("ftp://relay.example/key", "ftp://relay.example", .malformedURL),
            ("http://", "http://", .malformedURL), ("https//bad", "https//bad", .malformedURL),
            ("https//me:secret@bad", "(not shown, since it may hold a password)", .malformedURL),
            ("https//bad?token=secret", "https//bad", .malformedURL),
            ("/ip4/1.2.3.4/tcp/9", "/ip4/1.2.3.4/tcp/9", .malformedAddress),
            ("/ip4/1.2.3.4/udp/9/quic-v1/p2p/ID", "/ip4/1.2.3.4/udp/9/quic-v1/p2p/ID", .notTCP),
            ("/p2p/ID", "/p2p/ID", .malformedAddress), ("/x", "/x", .malformedAddress),
            ("/ip4/1.2.3.4/tcp/9/p2p/x", "/ip4/1.2.3.4/tcp/9/p2p/x", .malformedAddress),
        ] as [(String, String, RelaySource.Fault)])
    func badFlags(text: String, shown: String, fault: RelaySource.Fault) throws {
        let (text, shown) = (
            text.replacing("ID", with: "\(try Self.relay(1))"), shown.replacing("ID", with: "\(try Self.relay(1))")
        )
        let list = RelayList(["https://127.0.0.1:1", text, "https://b"])
        #expect(list.sources == ["https://127.0.0.1:1", "https://b"].compactMap { RelayURL($0).map { .url($0) } })
        #expect(list.omissions == [RelayList.Omission(number: 2, entry: shown, reason: "\(fault)")])
        #expect(RelayList([text]).sources.isEmpty)
    }

    @Test("relays beyond the limit are left out and named, repeated ones are not counted")
    func surplus() {
        let urls = (1...17).map { "https://u:secret@relay\($0).example/key" }
        let list = RelayList([urls[0], " "] + urls)
        #expect(list.sources.count == RelayList.sourcesMax)
        #expect(
            list.omissions == [
                RelayList.Omission(number: 19, entry: "https://relay17.example", reason: "more than 16 relays")
            ])
    }

    @Test("a URL's secrets are not told, its credentials are used")
    func url() throws {
        let url = try #require(RelayURL("https://user:secret@relay.example:8443/key?token=1#x"))
        #expect(url.description == "https://relay.example:8443")
        #expect(url.text == "https://relay.example:8443/key?token=1")
        #expect(url.authorization == "Basic dXNlcjpzZWNyZXQ=" && !url.isPlain)
        #expect(RelayURL("http://10.0.0.1:3640/enr")?.isPlain == true)
    }

    @Test(
        "addresses to announce",
        arguments: [
            (["0.0.0.0:3610"], "1.2.3.4", nil, ["/ip4/1.2.3.4/tcp/3610"]),
            (
                ["0.0.0.0:1", "[::]:2"], "2a00::1", "a.example",
                [
                    "/ip6/2a00::1/tcp/1", "/dns/a.example/tcp/1", "/ip6/2a00::1/tcp/2", "/dns/a.example/tcp/2",
                ]
            ),
            (["0.0.0.0:1", "[::]:1"], nil, "b\u{fc}cher.example.", ["/dns/b\u{fc}cher.example./tcp/1"]),
            ([], "1.2.3.4", nil, []),
        ] as [([String], String?, String?, [String])])
    func announced(listen: [String], ip: String?, name: String?, addresses: [String]) throws {
        var node = NodeConfiguration()
        node.p2pTCPAddresses = listen
        node.p2pExternalIP = ip
        node.p2pExternalHostname = name
        #expect(try node.announcedAddresses().map(\.description) == addresses)
    }

    @Test(
        "what is no address or name is refused, naming the flag",
        arguments: [
            ("1.2.3", nil), ("a.example", nil), ("1.2.3.4/tcp/1", nil), (nil, "a b"), (nil, "a/tcp/1"),
            (nil, "-a.example"),
            (nil, "a..b"), (nil, "a_b.example"), (nil, String(repeating: "a", count: 64)), (nil, "https://a.example"),
        ] as [(String?, String?)])
    func badAnnounced(ip: String?, name: String?) {
        var node = NodeConfiguration()
        node.p2pExternalIP = ip
        node.p2pExternalHostname = name
        do throws(ConfigurationError) {
            _ = try node.announcedAddresses()
            Issue.record("accepted \(ip ?? name ?? "")")
        } catch { #expect(error.flag == (ip == nil ? "p2p-external-hostname" : "p2p-external-ip")) }
    }

    // MARK: Answers

    @Test("a list: one relay, what TCP reaches, each once; what cannot be read is left out")
    func listAnswer() throws {
        let id = try Self.relay(1)
        let texts = [
            "/ip4/1.2.3.4/tcp/3610/p2p/\(id)", "/ip4/1.2.3.4/udp/3610/quic-v1/p2p/\(id)", "/sctp/5", "nonsense",
            "/dns/relay.example/tcp/3610/p2p/\(id)", "/ip4/1.2.3.4/tcp/3610/p2p/\(id)", "/ip4/0.0.0.0/tcp/1/p2p/\(id)",
        ]
        let answer = try RelayAnswer(Array(" \n".utf8) + Self.list(texts))
        #expect(answer.relay == id)
        #expect(answer.addresses.map(\.description) == ["/ip4/1.2.3.4/tcp/3610", "/dns/relay.example/tcp/3610"])
        let many = try RelayAnswer(Self.list((1...20).map { "/ip4/1.2.3.4/tcp/\($0)/p2p/\(id)" }))
        #expect(many.addresses.count == RelayAnswer.addressesMax)
    }

    @Test("what names no relay is refused")
    func badAnswers() throws {
        let (one, two) = (try Self.relay(1), try Self.relay(2))
        let rows: [([UInt8], RelayFault)] = [
            ([], .unreadable), (Array("<html>".utf8), .unreadable), (Array("{}".utf8), .unreadable),
            (Array("[]".utf8), .noPeer), (Self.list(["/ip4/1.2.3.4/tcp/1"]), .noPeer),
            (Self.list(["/ip4/1.2.3.4/tcp/1/p2p/\(one)", "/ip4/1.2.3.4/tcp/1/p2p/\(two)"]), .severalPeers),
            (Self.list(["/ip4/1.2.3.4/tcp/1/p2p/\(one)", "/ip4/1.2.3.4/tcp/1"]), .severalPeers),
            (Self.list(["/ip4/1.2.3.4/udp/1/quic-v1/p2p/\(one)"]), .noAddress),
            (Array("enr:-x".utf8), .record(.invalidRLP)),
            (Array(ENR(signedBy: try PrivateKey([UInt8](repeating: 1, count: 32))).text.utf8), .noAddress),
            ([UInt8](repeating: 0x20, count: 1 << 16 + 1), .tooLong),
        ]
        for (body, fault) in rows {
            #expect(throws: fault) { try RelayAnswer(body) }
        }
    }

    // MARK: Resolving

    @Test("news are told once, a failing URL keeps what it named, and pauses grow")
    func resolver() throws {
        let urls = ["http://a", "http://b"].compactMap { RelayURL($0) }
        var resolver = RelayResolver(urls.map { .url($0) })
        var generator = SystemRandomNumberGenerator()
        let one = RelayAnswer(relay: try Self.relay(1), addresses: [try Multiaddr("/ip4/1.2.3.4/tcp/1")])
        let moved = RelayAnswer(relay: try Self.relay(1), addresses: [try Multiaddr("/ip4/1.2.3.5/tcp/1")])
        let other = RelayAnswer(relay: try Self.relay(2), addresses: one.addresses)

        #expect(resolver.answered(0, .success(one), using: &generator).report == .named(one))
        let again = resolver.answered(0, .success(one), using: &generator)
        #expect(again.report == nil && again.pause == .seconds(120))
        #expect(resolver.relays == [one.relay: one.addresses])

        #expect(resolver.answered(0, .failure(.status(502)), using: &generator).report == .failed(.status(502)))
        var pauses: [Duration] = []
        for _ in 0..<30 {
            let result = resolver.answered(0, .failure(.status(502)), using: &generator)
            #expect(result.report == nil)
            pauses.append(result.pause)
        }
        #expect(pauses[0] < .milliseconds(200) && pauses[29] >= .seconds(24) && pauses[29] <= .seconds(36))
        #expect(resolver.relays == [one.relay: one.addresses])
        // Down in two ways is one piece of news.
        let down = ["refused", "no answer", "refused"].map {
            resolver.answered(0, .failure(.unreachable($0)), using: &generator).report
        }
        #expect(down == [.failed(.unreachable("refused")), nil, nil])
        // It works again: that is news, too.
        #expect(resolver.answered(0, .success(one), using: &generator).report == .named(one))

        // The same relay by another URL, then another relay by the first.
        #expect(resolver.answered(1, .success(moved), using: &generator).report == .named(moved))
        #expect(resolver.relays == [one.relay: one.addresses + moved.addresses])
        #expect(resolver.answered(0, .success(other), using: &generator).report == .named(other))
        #expect(resolver.relays == [moved.relay: moved.addresses, other.relay: other.addresses])
    }

    @Test("who answers instead of a relay is told once, and only the URL that named the relay is asked again")
    func replaced() throws {
        let fixed = RelaySource.fixed(try Self.relay(3), try Multiaddr("/ip4/1.2.3.4/tcp/3"))
        var resolver = RelayResolver(["http://a", "http://b"].compactMap { RelayURL($0).map { .url($0) } } + [fixed])
        var generator = SystemRandomNumberGenerator()
        let (one, two) = (try Self.relay(1), try Self.relay(2))
        let addresses = [try Multiaddr("/ip4/1.2.3.4/tcp/1")]
        func answer(_ index: Int, _ relay: PeerID) {
            _ = resolver.answered(index, .success(RelayAnswer(relay: relay, addresses: addresses)), using: &generator)
        }
        func replaced(_ relay: PeerID, _ questions: [Int], _ isNews: Bool) {
            let result = resolver.relayReplaced(relay)
            #expect(result.questions == questions && result.isNews == isNews)
        }
        replaced(one, [], false)
        answer(0, one)
        answer(1, two)
        replaced(one, [0], true)
        // Still the old name: that is no news, and it is asked again.
        answer(0, one)
        replaced(one, [0], false)
        answer(0, two)
        replaced(one, [], false)
        replaced(two, [0, 1], true)
        resolver.relayFound(two)
        replaced(two, [0, 1], true)
        replaced(try Self.relay(3), [], true)
        replaced(try Self.relay(3), [], false)
    }

    // MARK: HTTP

    /// Answers the first connection with some bytes and every later one with others, and collects what was asked.
    static func withServer(
        _ answer: String, then later: String? = nil, body: (Int, AsyncStream<String>) async throws -> Void
    ) async throws {
        let (asked, sink) = AsyncStream.makeStream(of: String.self)
        let connections = Atomic<Int>(0)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let isFirst = connections.add(1, ordering: .relaxed).newValue == 1
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answerer(isFirst ? answer : later ?? answer, sink))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        do { try await body(port, asked) } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String
        private let sink: AsyncStream<String>.Continuation
        private var asked = ""

        init(_ answer: String, _ sink: AsyncStream<String>.Continuation) {
            self.answer = answer
            self.sink = sink
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            asked += String(buffer: unwrapInboundIn(data))
            guard asked.contains("\r\n\r\n") else { return }
            sink.yield(asked)
            asked = ""
            let channel = context.channel
            channel.writeAndFlush(ByteBuffer(string: answer)).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    /// Runs a watch over one URL until `update` has brought relays.
    static func resolve(_ url: String, headers: [(name: String, value: String)] = []) async throws -> [PeerID:
        [Multiaddr]]
    {
        let (updates, sink) = AsyncStream.makeStream(of: [PeerID: [Multiaddr]].self)
        let watch = RelayWatch(
            RelayResolver([try RelaySource(url)]), headers: headers,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { sink.yield($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await watch.run() }
            var result: [PeerID: [Multiaddr]] = [:]
            for await relays in updates where !relays.isEmpty {
                result = relays
                break
            }
            group.cancelAll()
            try await group.waitForAll()
            return result
        }
    }

    @Test("asks with the cluster's headers and takes the answer")
    func ask() async throws {
        let id = try Self.relay(1)
        let body = "[\"/ip4/1.2.3.4/tcp/3610/p2p/\(id)\"]"
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        try await Self.withServer(answer) { port, asked in
            let relays = try await Self.resolve(
                "http://127.0.0.1:\(port)/", headers: [("Charon-Cluster", "abcdef0"), ("Cluster-Uuid", "u-1")])
            #expect(relays == [id: [try Multiaddr("/ip4/1.2.3.4/tcp/3610")]])
            var iterator = asked.makeAsyncIterator()
            let request = try #require(await iterator.next())
            #expect(request.contains("Charon-Cluster: abcdef0\r\n") && request.contains("Cluster-Uuid: u-1\r\n"))
        }
    }

    @Test("when somebody else answers at a relay's address, its URL is asked again at once")
    func askAgain() async throws {
        let (old, new) = (try Self.relay(1), try Self.relay(2))
        func answer(_ relay: PeerID) -> String {
            let body = "[\"/ip4/1.2.3.4/tcp/3610/p2p/\(relay)\"]"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        try await Self.withServer(answer(old), then: answer(new)) { port, _ in
            let (updates, sink) = AsyncStream.makeStream(of: [PeerID: [Multiaddr]].self)
            let watch = RelayWatch(
                RelayResolver([try RelaySource("http://127.0.0.1:\(port)/")]), headers: [], spacing: .zero,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { sink.yield($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await watch.run() }
                var named: [PeerID] = []
                for await relays in updates {
                    named += relays.keys
                    if relays[old] != nil { watch.relayReplaced(old) }
                    if relays[new] != nil { break }
                }
                #expect(named == [old, new])
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test("an address needs no question")
    func fixed() async throws {
        let id = try Self.relay(1)
        let relays = try await Self.resolve("/ip4/1.2.3.4/tcp/9/p2p/\(id)")
        #expect(relays == [id: [try Multiaddr("/ip4/1.2.3.4/tcp/9")]])
    }
}
