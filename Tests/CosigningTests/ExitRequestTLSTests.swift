import BeaconTestSupport
import ClusterSetup
import ClusterTestSupport
import NIOSSL
import TestSupport
import Testing

@testable import Cosigning

/// `styx exit request --validator-api-address https://… --validator-api-ca-file …`, over sockets with TLS.
@Suite("exits left with a node that serves TLS", .timeLimit(.minutes(5)))
struct ExitRequestTLSTests {
    /// - Parameters:
    ///   - server: what the node shows; nil: it serves no TLS.
    ///   - trusted: what the file holds; nil: none is given.
    ///   - host: in the node's address.
    /// - Returns: the command's error, and how many exits the node has then.
    private func request(
        _ server: TLSConfiguration?, trusting trusted: [UInt8]?, host: String = "localhost"
    ) async throws -> (text: String, exits: Int) {
        var found = (text: "", exits: 0)
        let directory = try TemporaryDirectory()
        if let trusted { try directory.write("ca.pem", trusted) }
        try await Scene.with { scene in
            let node = NodeStandIn(scene.cluster, node: 1)
            try await FakeBeaconNode.with(tls: server, { node.answer($0) }) { fake in
                let port = fake.url.split(separator: ":").last ?? ""
                let address = "https://\(host):\(port)"
                found.text = await message {
                    let file = trusted == nil ? "" : directory.file("ca.pem")
                    let trust = try RunningNode.trust(file, address: address)
                    try await scene.exits(as: 1) { exits, seat, _ in
                        try await WebClient.with(patience: 100, trust: trust) { web in
                            try await exits.request(
                                .all, epoch: Scene.epoch, seat: seat, node: RunningNode(address, web: web),
                                now: SmallCluster.now, isDryRun: false)
                        }
                    }
                }
                found.exits = node.exits.count
                #expect(fake.requests.isEmpty == (found.exits == 0), "nothing is said to who is not trusted")
            }
        }
        return found
    }

    @Test("the file's certificate is trusted, and whom it issued one, whatever else the file holds")
    func trusted() async throws {
        let (own, other) = (try TestCertificate(), try TestCertificate())
        let issued = try TestCertificate(issuer: own)
        for (server, file) in [
            (try own.server(), own.certificate), (try own.server(.tlsv12), other.certificate + own.certificate),
            (try issued.server(), own.certificate),
        ] {
            let (text, exits) = try await request(server, trusting: file)
            #expect(text == "(no error)" && exits == 1, "\(text)")
        }
    }

    @Test("a certificate that comes from another one is refused, and the flags that mend it are named")
    func refused() async throws {
        let (own, other) = (try TestCertificate(), try TestCertificate())
        let issued = try TestCertificate(issuer: own)
        // Of another one, of the system's, of one that it has issued itself.
        for (server, file) in [
            (own, other.certificate), (own, nil), (issued, other.certificate), (own, issued.certificate),
        ] as [(TestCertificate, [UInt8]?)] {
            let (text, exits) = try await request(try server.server(), trusting: file)
            #expect(exits == 0)
            #expect(
                text.hasPrefix("--validator-api-address: https://localhost:")
                    && text.contains("does not come from one that is trusted here")
                    && text.contains("--validator-api-ca-file") && !text.contains("OPENSSL"), "\(text)")
        }
    }

    @Test("a certificate for another host is refused, also if it is trusted")
    func otherHost() async throws {
        let (own, elsewhere) = (try TestCertificate(), try TestCertificate(host: "elsewhere.example"))
        for (server, host) in [(elsewhere, "localhost"), (own, "127.0.0.1")] {
            let (text, exits) = try await request(try server.server(), trusting: server.certificate, host: host)
            #expect(exits == 0)
            #expect(
                text.contains("not for the host that was asked for") && text.contains("--validator-api-address"),
                "\(text)")
        }
    }

    @Test("neither a node without TLS nor one with an old version of it is spoken to")
    func noTLS() async throws {
        let own = try TestCertificate()
        for server in [nil, try own.server(.tlsv11)] {
            let (text, exits) = try await request(server, trusting: own.certificate)
            #expect(exits == 0)
            #expect(text.hasPrefix("--validator-api-address: ") && !text.contains("OPENSSL"), "\(text)")
        }
    }
}
