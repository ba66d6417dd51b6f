import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import SSZ
import TestSupport
import Testing

@testable import KeymanagerAPI

/// A running keymanager API and a client of it.
struct KeymanagerScene: Sendable {
    static let token = "0x5ce8f2dbd3a6b1ae7f0d5f4c6c1e2b3a495867768594a3b2c1d0e0f112233445"

    struct Answer: Sendable {
        let status: Int
        let text: String
        let contentType: String?
        let allow: String?

        var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }
        var message: String? { json["message"]?.string }
        /// Of each key.
        var statuses: [String?] { json["data"]?.array?.map { $0["status"]?.string } ?? [] }
    }

    let server: KeymanagerServer
    let port: Int

    /// - Parameter backend: nil for a node that is not ready.
    static func with(
        _ backend: (any KeymanagerBackend)?, configure: (inout KeymanagerConfiguration) -> Void = { _ in },
        _ body: (KeymanagerScene) async throws -> Void
    ) async throws {
        let token = try #require(BearerToken(file: Array((Self.token + "\n").utf8)))
        var configuration = KeymanagerConfiguration(host: "127.0.0.1", port: 0, token: token)
        // Patient, because the machine may be busy.
        configuration.headerTimeout = .seconds(60)
        configuration.silenceTimeout = .seconds(60)
        configure(&configuration)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = KeymanagerServer(configuration, logger: logger)
        if let backend { server.open(backend) }
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { bound.finish() }
                try await server.run { bound.yield($0) }
            }
            defer { group.cancelAll() }
            let port = try #require(await ports.first { _ in true })
            try await body(KeymanagerScene(server: server, port: port))
        }
    }

    /// - Parameter authorization: nil for none.
    func ask(
        _ method: String, _ path: String, _ body: String? = nil, authorization: String? = "Bearer \(token)"
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        if let authorization { request.headers.add(name: "authorization", value: authorization) }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 24))
        return Answer(
            status: Int(response.status.code), text: text, contentType: response.headers.first(name: "content-type"),
            allow: response.headers.first(name: "allow"))
    }
}
