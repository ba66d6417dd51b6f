import Crypto
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing
import X509

@testable import OTLP

/// Against a stand-in on loopback.
@Suite("CollectorClient", .timeLimit(.minutes(1)))
struct CollectorClientTests {
    private static let long = Duration.seconds(30)
    private static let short = Duration.milliseconds(200)

    private func client(
        _ port: Int, host: String = "127.0.0.1", headers: [(name: String, value: String)] = [],
        tls: TLSConfiguration? = nil, timeout: Duration = Self.long
    ) throws -> CollectorClient {
        try CollectorClient(
            CollectorAddress(host: host, port: port, isPlain: tls == nil, headers: headers, userAgent: "styx/test"),
            tls: tls, timeout: timeout, loop: MultiThreadedEventLoopGroup.singleton.next())
    }

    /// Of one call, with a client of its own.
    private func answer(_ manner: StandInCollector.Manner, timeout: Duration = Self.long) async throws -> UnaryAnswer {
        try await StandInCollector.with(manner) { port, _ in
            let client = try client(port, timeout: timeout)
            let answer = await client.export([1, 2, 3])
            await client.close()
            return answer
        }
    }

    private func why(_ answer: UnaryAnswer) -> String {
        if case .broken(let why) = answer { why } else { "not broken: \(answer)" }
    }

    @Test("a request is a gRPC call in due form, and the next uses the same connection")
    func request() async throws {
        try await StandInCollector.with(.takes([7])) { port, collector in
            let client = try client(port, headers: [("authorization", "secret")])
            for size in [0, 3, 300_000] {
                let body = [UInt8](repeating: 9, count: size)
                #expect(await client.export(body) == .message([7]))
                let request = try #require(await collector.next())
                let size = UInt32(size)
                #expect(request.body == [0] + withUnsafeBytes(of: size.bigEndian) { Array($0) } + body)
                func header(_ name: String) -> String? { request.headers.first(name: name) }
                #expect(header(":method") == "POST" && header(":scheme") == "http" && header("te") == "trailers")
                #expect(header(":path") == "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
                #expect(header(":authority") == "127.0.0.1:\(port)" && header("content-type") == "application/grpc")
                #expect(header("grpc-timeout") == "30000m" && header("user-agent") == "styx/test")
                #expect(header("authorization") == "secret")
            }
            #expect(collector.connections == 1)
            await client.close()
        }
    }

    @Test("a status comes through")
    func status() async throws {
        #expect(try await answer(.status(16, "no%20token")) == .status(16, "no token"))
    }

    @Test("a web server is told by its status")
    func page() async throws {
        #expect(try await answer(.page(404)) == .http(404))
    }

    @Test(
        "a collector that hangs costs its time and no more",
        arguments: [
            StandInCollector.Manner.hangs, .says([]), .says([0, 0, 0]),
        ])
    func hangs(manner: StandInCollector.Manner) async throws {
        #expect(why(try await answer(manner, timeout: Self.short)).hasPrefix("no answer within 0.2 seconds"))
    }

    @Test("an answer without end is cut off")
    func floods() async throws {
        #expect(why(try await answer(.floods)) == "an answer of more than 65536 bytes")
    }

    @Test(
        "what is no HTTP/2, or hangs up, breaks the call",
        arguments: [
            StandInCollector.Manner.says(Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8)),
            .says([UInt8](repeating: 0xff, count: 5000)), .hangsUp,
        ])
    func garbage(manner: StandInCollector.Manner) async throws {
        let why = why(try await answer(manner))
        #expect(!why.hasPrefix("not broken") && !why.hasPrefix("no answer within"), "\(why)")
    }

    @Test("a closed port is told as such")
    func refused() async throws {
        let port = try await StandInCollector.with(.hangs) { port, _ in port }
        let client = try client(port)
        #expect(why(await client.export([])).contains("Connection refused"))
    }

    @Test("a connection that ended while it was idle is replaced, and the call is made once more")
    func replaced() async throws {
        try await StandInCollector.with(.hangsUpOnSecond) { port, collector in
            let client = try client(port)
            for _ in 0..<3 { #expect(await client.export([1]) == .message([])) }
            #expect(collector.connections == 3)
            await client.close()
        }
    }

    @Test("after a broken call the next one has a connection of its own")
    func recovers() async throws {
        try await StandInCollector.with(.hangs) { port, collector in
            let client = try client(port, timeout: Self.short)
            for _ in 0..<2 { #expect(why(await client.export([])).hasPrefix("no answer")) }
            #expect(collector.connections == 2)
        }
    }

    @Test("at the end a call under way is hurried")
    func hurry() async throws {
        try await StandInCollector.with(.hangs) { port, collector in
            let client = try client(port, timeout: .seconds(3600))
            async let answer = client.export([1])
            _ = await collector.next()
            await client.hurry(.milliseconds(1))
            let ended = await answer
            #expect(why(ended).hasPrefix("no answer within"))
        }
    }

    // MARK: TLS

    private struct Identity {
        let certificate: NIOSSLCertificate
        let context: NIOSSLContext

        init() throws {
            let key = P256.Signing.PrivateKey()
            let name = try DistinguishedName { CommonName("styx test") }
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
                notValidBefore: .now - 3600, notValidAfter: .now + 3600, issuer: name, subject: name,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    SubjectAlternativeNames([.dnsName("localhost")])
                },
                issuerPrivateKey: .init(key))
            self.certificate = try NIOSSLCertificate(
                bytes: Array(certificate.serializeAsPEM().pemString.utf8), format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: [.certificate(self.certificate)],
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
            tls.applicationProtocols = ["h2"]
            context = try NIOSSLContext(configuration: tls)
        }
    }

    @Test("a collector is called by TLS if its certificate is valid for its name")
    func tls() async throws {
        let identity = try Identity()
        try await StandInCollector.with(.takes(), tls: identity.context) { port, collector in
            var tls = CollectorClient.systemTLS
            tls.trustRoots = .certificates([identity.certificate])
            let client = try client(port, host: "localhost", tls: tls)
            #expect(await client.export([]) == .message([]))
            #expect(await collector.next()?.headers.first(name: ":scheme") == "https")
            await client.close()
            // The certificate is not for this address.
            let other = try self.client(port, tls: tls)
            let why = why(await other.export([]))
            #expect(!why.hasPrefix("not broken") && !why.hasPrefix("no answer"), "\(why)")
        }
    }

    @Test("a certificate that this system does not trust ends the call")
    func untrusted() async throws {
        let identity = try Identity()
        try await StandInCollector.with(.takes(), tls: identity.context) { port, _ in
            let client = try client(port, host: "localhost", tls: CollectorClient.systemTLS)
            #expect(why(await client.export([])).contains("CERTIFICATE_VERIFY_FAILED"))
        }
    }

    @Test("a plain collector is not taken for one with TLS")
    func plain() async throws {
        try await StandInCollector.with(.takes()) { port, _ in
            let client = try client(port, host: "localhost", tls: CollectorClient.systemTLS, timeout: Self.long)
            #expect(!why(await client.export([])).hasPrefix("not broken"))
        }
    }
}
