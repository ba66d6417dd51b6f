import BeaconAPI
import BeaconTestSupport
import Testing
import ValidatorAPI

/// Methods, and paths in odd spellings.
@Suite("Methods and paths")
struct MethodTests {
    @Test(
        "methods that the Beacon API does not have are 405 and go to nobody, for paths of ours and of others",
        arguments: ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"],
        ["/eth/v1/node/version", "/eth/v1/node/health", "/eth/v2/beacon/pool/attestations"])
    func method(method: String, path: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.send(method, path, body: nil)
            #expect(answer.status == 405 && answer.message == "method not allowed")
            #expect(answer.headers["allow"] == "GET, HEAD, POST")
            #expect(backend.asked.isEmpty)
        }
    }

    @Test("HEAD of a path of ours is our own answer without its body, errors too; an event stream has no head")
    func head() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                for path in [
                    "/eth/v1/node/version", "/proposer_config", "/eth/v1/validator/attestation_data", "/eth/v1/events",
                ] {
                    let isStream = path.hasSuffix("events")
                    let get = try await server.get(isStream ? "/proposer_config" : path)
                    let (status, length) = isStream ? (405, 43) : (get.status, get.text.utf8.count)
                    try await connection.write("HEAD \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                    // The next answer would begin with a body, if there were one.
                    let head = try await connection.read(until: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 \(status)") && head.hasSuffix("\r\n\r\n"), "\(head)")
                    #expect(head.lowercased().contains("content-type: application/json"))
                    #expect(head.lowercased().contains("content-length: \(length)\r\n"), "\(head)")
                }
            }
            #expect(backend.asked.isEmpty)
        }
    }

    @Test("beacon nodes get a path in the spelling that we looked at")
    func spelling() async throws {
        let backend = StubBackend {
            $0.proxy = { _ in ProxyResponse(status: 200, headers: [:], body: ProxyBody(chunks: [])) }
        }
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                for path in ["//eth/v1/config/spec", "/eth/./v1/x/../config/spec?a=%2F", "/eth%2Fv1/%63onfig/spec"] {
                    try await connection.write("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                    let answer = try await connection.read(until: "0\r\n\r\n")
                    #expect(answer.hasPrefix("HTTP/1.1 200"))
                }
            }
            #expect(
                backend.asked == [
                    "proxy GET /eth/v1/config/spec", "proxy GET /eth/v1/config/spec?a=%2F",
                    "proxy GET /eth/v1/config/spec",
                ])
        }
    }

    @Test(
        "what was signed with a share does not get past us in another spelling",
        arguments: ["#x", ";x=1", "%23", "?x#y", "%00", "/", "%2F", "/.", "/x/.."])
    func shareSignatures(suffix: String) async throws {
        let backend = StubBackend {
            $0.proxy = { _ in ProxyResponse(status: 200, headers: [:], body: ProxyBody(chunks: [])) }
        }
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write(
                    "POST /eth/v2/beacon/pool/attestations\(suffix) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        + "Content-Length: 2\r\n\r\n[]")
                let answer = try await connection.readToEnd()
                // A literal sign is a segment of its own to every server.
                #expect(suffix == "%23" || answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
            }
            #expect(
                backend.asked.allSatisfy { suffix == "%23" && $0 == "proxy POST /eth/v2/beacon/pool/attestations%23" })
        }
    }

    @Test("the first of two version headers counts")
    func twoVersions() async throws {
        try await TestServer.with { server in
            let answer = try await server.post(
                "/eth/v2/beacon/pool/attestations", "[]",
                headers: ["Eth-Consensus-Version": "fulu", "eth-consensus-version": "nothing"])
            #expect(answer.status == 200)
            let other = try await server.post(
                "/eth/v2/beacon/pool/attestations", "[]",
                headers: ["Eth-Consensus-Version": "nothing", "eth-consensus-version": "fulu"])
            #expect(other.status == 400 && other.message == "unknown consensus version nothing")
        }
    }
}
