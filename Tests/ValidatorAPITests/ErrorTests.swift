import AsyncHTTPClient
import BeaconAPI
import Ethereum
import NIOCore
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Errors")
struct ErrorTests {
    private static let duties = "/eth/v1/validator/duties/attester/"
    private static let data = "/eth/v1/validator/attestation_data"
    private static let validators = "/eth/v1/beacon/states/head/validators"
    private static let submit = "/eth/v2/beacon/pool/attestations"
    private static let deep = LongText(String(repeating: "[", count: 100_000))
    private static let number = "18446744073709551616"

    @Test(
        "of the client are 400 with Charon's words",
        arguments: [
            ("GET", data, nil, 400, "missing query parameter slot"),
            ("GET", data + "?slot=", nil, 400, "invalid uint path parameter slot []"),
            ("GET", data + "?slot=1", nil, 400, "missing query parameter committee_index"),
            ("GET", data + "?slot=x&committee_index=0", nil, 400, "invalid uint path parameter slot [x]"),
            ("GET", data + "?slot=-1&committee_index=0", nil, 400, "invalid uint path parameter slot [-1]"),
            (
                "GET", data + "?slot=\(number)&committee_index=0", nil, 400,
                "invalid uint path parameter slot [\(number)]"
            ),
            (
                "GET", data + "?slot=1&committee_index=%2B1", nil, 400,
                "invalid uint path parameter committee_index [+1]"
            ),
            ("POST", duties, "[1]", 400, "missing path parameter epoch"),
            ("POST", duties + "x", "[1]", 400, "invalid uint path parameter epoch [x]"),
            ("POST", duties + "1", "", 400, "empty request body"),
            ("POST", duties + "1", "{", 400, "failed parsing json request body"),
            ("POST", duties + "1", "{}", 400, "failed parsing json request body"),
            ("POST", duties + "1", "[1,null]", 400, "failed parsing json request body"),
            ("POST", duties + "1", "[-1]", 400, "failed parsing json request body"),
            ("POST", duties + "1", "[1.5]", 400, "failed parsing json request body"),
            ("POST", duties + "1", "[\(number)]", 400, "failed parsing json request body"),
            ("POST", duties + "1", #"["0x1"]"#, 400, "failed parsing json request body"),
            ("POST", duties + "1", "[1] [2]", 400, "failed parsing json request body"),
            ("POST", duties + "1", deep, 400, "failed parsing json request body"),
            ("POST", validators, "[]", 400, "failed parsing json request body"),
            ("POST", validators, #"{"ids":{}}"#, 400, "failed parsing json request body"),
            ("POST", validators, #"{"ids":[null]}"#, 400, "failed parsing json request body"),
            ("POST", validators, #"{"ids":["1"],"ids":["2"]}"#, 400, "failed parsing json request body"),
            ("POST", validators, #"{"ids":["1","0x12"]}"#, 400, "Invalid validator ID"),
            ("GET", validators + "?id=0x12", nil, 400, "Invalid validator ID"),
            ("GET", validators + "?id=abc", nil, 400, "Invalid validator ID"),
            ("GET", validators + "?status=x", nil, 400, "Invalid validator status: x"),
            ("GET", "/eth/v1/beacon/states/current/validators", nil, 400, "Invalid state ID: current"),
            ("GET", "/eth/v1/beacon/states/%20%26/validators", nil, 400, "Invalid state ID:  &"),
            ("GET", "/eth/v1/validator/duties/proposer/-2", nil, 400, "invalid uint path parameter epoch [-2]"),
            ("POST", submit, "", 400, "empty request body"),
            ("POST", submit, "[{}]", 400, "failed parsing json request body"),
            ("POST", submit, "[[[", 400, "failed parsing json request body"),
            ("POST", submit, #"{"data":[]}"#, 400, "failed parsing json request body"),
        ] as [(String, String, LongText?, Int, String)])
    func rows(method: String, target: String, body: LongText?, status: Int, message: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.send(
                method, target, headers: [HeaderName.consensusVersion: "fulu"],
                body: body.map { .bytes(ByteBuffer(string: $0.text)) })
            #expect(answer.status == status)
            #expect(answer.message == message)
            #expect(answer.json["code"]?.integer == UInt64(status))
            #expect(answer.headers["content-type"] == "application/json")
            #expect(backend.asked.isEmpty)
        }
    }

    @Test(
        "content types: JSON or nothing, SSZ nowhere yet, for GET as well",
        arguments: [
            (nil, 200, nil), ("application/json", 200, nil), ("application/json; charset=utf-8", 200, nil),
            ("APPLICATION/JSON", 200, nil), ("application/octet-stream", 415, "Cannot read the supplied content type."),
            ("text/plain", 415, "unsupported media type text/plain"),
        ] as [(String?, Int, String?)])
    func contentTypes(type: String?, status: Int, message: String?) async throws {
        try await TestServer.with { server in
            let posted = try await server.post(Self.duties + "1", "[]", contentType: type)
            #expect(posted.status == status && posted.message == message)
            let got = try await server.get(
                "/eth/v1/node/version", headers: type.map { [HeaderName.contentType: $0] } ?? [:])
            #expect(got.status == status && got.message == message)
        }
    }

    private struct OurBug: Error {}

    @Test(
        "of the node keep their status; what is inside stays inside",
        arguments: [
            (ValidatorAPIRefusal.refused("why"), 400, "why"), (ValidatorAPIRefusal.notFound("no duty"), 404, "no duty"),
            (ValidatorAPIRefusal.unavailable("starting"), 503, "starting"),
            (
                BeaconError(
                    endpoint: "x", node: "http://secret",
                    cause: .status(APIErrorBody(code: 404, message: "gone"), httpStatus: 404)),
                404, "gone"
            ),
            (
                BeaconError(
                    endpoint: "x", node: "", cause: .status(APIErrorBody(code: 0, message: "odd"), httpStatus: 302)),
                500, "Internal server error"
            ),
            (
                BeaconError(endpoint: "x", node: "http://secret", cause: .timeout), 503,
                "no beacon node answered in time"
            ),
            (
                BeaconError(endpoint: "x", node: "http://secret", cause: .connection("refused")), 503,
                "no beacon node can be reached"
            ),
            (BeaconError(endpoint: "x", node: "", cause: .absent("none yet")), 503, "none yet"),
            (
                BeaconError(endpoint: "x", node: "http://secret", cause: .malformed("secret")), 500,
                "the beacon node's answer is not usable"
            ),
            (BeaconError(endpoint: "x", node: "", cause: .syncing), 503, "beacon node is syncing"),
            (BeaconError(endpoint: "x", node: "", cause: .cancelled), 408, "client cancelled request"),
            (CancellationError(), 408, "client cancelled request"), (OurBug(), 500, "Internal server error"),
        ] as [(any Error, Int, String)])
    func ofTheNode(error: any Error, status: Int, message: String) async throws {
        let backend = StubBackend { $0.failure = error }
        try await TestServer.with(backend) { server in
            for answer in [
                try await server.get(Self.data + "?slot=1&committee_index=0"),
                try await server.post(Self.duties + "1", "[1]"), try await server.get(Self.validators + "?id=1"),
                try await server.get("/eth/v1/config/spec"), try await server.get("/eth/v1/events?topics=head"),
            ] {
                #expect(answer.status == status && answer.message == message)
                #expect(!answer.text.contains("secret"))
            }
        }
    }

    @Test("bodies beyond the bound are 413, announced or not; the connection lives on", arguments: [false, true])
    func tooLarge(isChunked: Bool) async throws {
        try await TestServer.with(configure: { $0.bodyBytesMax = 1000 }) { server in
            let buffer = ByteBuffer(repeating: UInt8(ascii: " "), count: 200_000)
            let body: HTTPClientRequest.Body =
                isChunked ? .bytes(buffer.readableBytesView, length: .unknown) : .bytes(buffer)
            let answer = try await server.send("POST", Self.duties + "1", body: body)
            #expect(answer.status == 413 && answer.message == "request body too large")
            let status = try await server.get("/eth/v1/node/version").status
            #expect(status == 200)
        }
    }

    @Test("thousands of ids are fine, more than the bound are not")
    func manyIDs() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let ids = (0..<10_000).map { "\"\($0)\"" }.joined(separator: ",")
            let status = try await server.post(Self.validators, #"{"ids":[\#(ids)]}"#).status
            #expect(status == 200)
            let zeros = String(repeating: "0,", count: 600_000)
            let laterStatus = try await server.post(Self.duties + "1", "[\(zeros)0]").status
            #expect(laterStatus == 400)
        }
    }
}
