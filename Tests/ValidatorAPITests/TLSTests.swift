import AsyncHTTPClient
import BeaconTestSupport
import NIOSSL
import TestSupport
import Testing
import ValidatorAPI

@Suite("TLS")
struct TLSTests {
    private static func client(
        trusting certificate: [UInt8], change: (inout TLSConfiguration) -> Void = { _ in }
    ) throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(certificate))
        change(&tls)
        return HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(tlsConfiguration: tls))
    }

    private static func status(_ client: HTTPClient, _ port: Int) async throws -> Int {
        let request = HTTPClientRequest(url: "https://localhost:\(port)/eth/v1/node/version")
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: .seconds(30))
        } catch {
            try await client.shutdown()
            throw error
        }
        let body = String(buffer: try await response.body.collect(upTo: 4096))
        #expect(body.contains("obolnetwork/charon/"))
        try await client.shutdown()
        return Int(response.status.code)
    }

    @Test("a client that trusts the certificate is served", arguments: [TLSVersion.tlsv12, .tlsv13])
    func served(version: TLSVersion) async throws {
        let pair = try TestCertificate()
        let identity = try TLSIdentity(certificate: pair.certificate, key: pair.key)
        try await TestServer.with(configure: { $0.tls = identity }) { server in
            let client = try Self.client(trusting: pair.certificate) {
                $0.minimumTLSVersion = version
                $0.maximumTLSVersion = version
            }
            let status = try await Self.status(client, server.port)
            #expect(status == 200)
        }
    }

    @Test("older versions of TLS, strangers' certificates and plain HTTP are not served, and harm nobody else")
    func refused() async throws {
        let pair = try TestCertificate()
        let identity = try TLSIdentity(certificate: pair.certificate, key: pair.key)
        let other = try TestCertificate()
        try await TestServer.with(configure: { $0.tls = identity }) { server in
            let old = try Self.client(trusting: pair.certificate) {
                $0.minimumTLSVersion = .tlsv1
                $0.maximumTLSVersion = .tlsv11
            }
            await #expect(throws: (any Error).self) { _ = try await Self.status(old, server.port) }
            let stranger = try Self.client(trusting: other.certificate)
            await #expect(throws: (any Error).self) { _ = try await Self.status(stranger, server.port) }
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET /eth/v1/node/version HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = try await connection.readToEnd()
                #expect(!answer.contains("charon"))
            }
            let good = try Self.client(trusting: pair.certificate)
            let status = try await Self.status(good, server.port)
            #expect(status == 200)
        }
    }

    @Test("a connection that never finishes its handshake is closed")
    func handshake() async throws {
        let pair = try TestCertificate()
        let identity = try TLSIdentity(certificate: pair.certificate, key: pair.key)
        try await TestServer.with(
            configure: {
                $0.tls = identity
                $0.silenceTimeout = .milliseconds(100)
            }
        ) { server in
            try await RawConnection.with(port: server.port) { connection in
                // The first bytes of a record that promises more.
                try await connection.write("\u{16}\u{3}\u{1}\u{1}\u{0}")
                let answer = try await connection.readToEnd()
                #expect(answer == "")
            }
        }
    }

    @Test("files that are none, or do not belong together, are told apart")
    func faults() throws {
        let (pair, other) = (try TestCertificate(), try TestCertificate())
        func fault(_ certificate: [UInt8], _ key: [UInt8]) -> TLSIdentity.Fault? {
            do throws(TLSIdentity.Fault) {
                _ = try TLSIdentity(certificate: certificate, key: key)
                return nil
            } catch { return error }
        }
        #expect(fault(pair.certificate, pair.key) == nil)
        #expect(fault(pair.certificate + other.certificate, pair.key) == nil)
        #expect(fault([], pair.key) == .certificate)
        #expect(fault(Array("nonsense".utf8), pair.key) == .certificate)
        #expect(fault(pair.key, pair.key) == .certificate)
        #expect(fault(pair.certificate, []) == .key)
        #expect(fault(pair.certificate, pair.certificate) == .key)
        #expect(fault(pair.certificate, other.key) == .mismatch)
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
        #expect(fault(pair.certificate, Array(encrypted.utf8)) == .encryptedKey)
    }
}
