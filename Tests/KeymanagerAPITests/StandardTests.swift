import Ethereum
import SSZ
import Testing

@testable import KeymanagerAPI

/// The rules of the standard's OpenAPI files and flows, one row each. Source: ethereum/keymanager-APIs `apis/*.yaml`,
/// `flows/README.md`.
@Suite("the keymanager standard", .timeLimit(.minutes(2)))
struct StandardTests {
    struct Rule: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var body: String?
        let status: Int
        /// What the answer must be, exactly; nil: an error with a message.
        var answer: String?
        /// What the node was asked.
        var asked: [String] = []

        var testDescription: String { "\(method) \(path) \(body?.prefix(60) ?? "") → \(status)" }

        init(
            _ method: String, _ path: String, _ body: String?, _ status: Int, _ answer: String? = nil,
            asked: String? = nil
        ) {
            self.method = method
            self.path = path
            self.body = body
            self.status = status
            self.answer = answer
            self.asked = asked.map { [$0] } ?? []
        }

        init(_ method: String, _ path: String, _ status: Int, _ answer: String? = nil, asked: String? = nil) {
            self.init(method, path, nil, status, answer, asked: asked)
        }
    }

    private static let known = StubKeymanager.known.hex
    private static let other = StubKeymanager.other.hex
    private static let validator = "/eth/v1/validator/\(known)"
    private static let stranger = "/eth/v1/validator/\(other)"
    private static let address = Bytes20(padding: [0xAB]).hex
    private static let exit =
        #"{"data":{"message":{"epoch":"%","validator_index":"7"},"signature":"\#(Bytes96.zero.hex)"}}"#

    static let rules: [Rule] = [
        // Local keys.
        Rule(
            "GET", "/eth/v1/keystores", 200, #"{"data":[{"validating_pubkey":"\#(known)","readonly":false}]}"#,
            asked: "list"),
        Rule(
            "POST", "/eth/v1/keystores",
            #"{"keystores":["K1","K2"],"passwords":["P1","P2"],"slashing_protection":"{}"}"#, 200,
            #"{"data":[{"status":"imported"},{"status":"error","message":"bad password"}]}"#,
            asked: "import K1|P1,K2|P2 {}"),
        Rule(
            "POST", "/eth/v1/keystores", #"{"keystores":["K"],"passwords":["P"],"slashing_protection":null}"#, 200,
            #"{"data":[{"status":"imported"}]}"#, asked: "import K|P -"),
        Rule(
            "POST", "/eth/v1/keystores", #"{"keystores":[],"passwords":[]}"#, 200, #"{"data":[]}"#,
            asked: "import  -"),
        Rule("POST", "/eth/v1/keystores", #"{"keystores":["K"],"passwords":[]}"#, 400),
        Rule("POST", "/eth/v1/keystores", #"{"keystores":["K"]}"#, 400),
        Rule("POST", "/eth/v1/keystores", #"{"passwords":["K"]}"#, 400),
        Rule("POST", "/eth/v1/keystores", #"{"keystores":[{}],"passwords":["P"]}"#, 400),
        Rule("POST", "/eth/v1/keystores", #"{"keystores":["K"],"passwords":["P"],"slashing_protection":{}}"#, 400),
        Rule("POST", "/eth/v1/keystores", "{", 400),
        Rule("POST", "/eth/v1/keystores", "", 400),
        Rule(
            "DELETE", "/eth/v1/keystores", #"{"pubkeys":["\#(known)","\#(other)"]}"#, 200,
            #"{"data":[{"status":"deleted"},{"status":"not_found"}],"slashing_protection":""#
                + #"{\"metadata\":{\"interchange_format_version\":\"5\"},\"data\":[]}"}"#, asked: "delete 2"),
        // Never 404.
        Rule(
            "DELETE", "/eth/v1/keystores", #"{"pubkeys":["\#(other)"]}"#, 200,
            #"{"data":[{"status":"not_found"}],"slashing_protection":""#
                + #"{\"metadata\":{\"interchange_format_version\":\"5\"},\"data\":[]}"}"#, asked: "delete 1"),
        Rule(
            "DELETE", "/eth/v1/keystores", #"{"pubkeys":["\#(known.uppercased().replacing("0X", with: "0x"))"]}"#, 200,
            #"{"data":[{"status":"deleted"}],"slashing_protection":""#
                + #"{\"metadata\":{\"interchange_format_version\":\"5\"},\"data\":[]}"}"#, asked: "delete 1"),
        Rule("DELETE", "/eth/v1/keystores", #"{"pubkeys":["0x12"]}"#, 400),
        Rule("DELETE", "/eth/v1/keystores", #"{"pubkeys":["\#(known.dropFirst(2))"]}"#, 400),
        Rule("DELETE", "/eth/v1/keystores", #"{"pubkeys":"\#(known)"}"#, 400),
        Rule("DELETE", "/eth/v1/keystores", "{}", 400),
        Rule("DELETE", "/eth/v1/keystores", "", 400),
        Rule("PUT", "/eth/v1/keystores", "", 405),
        // Remote keys.
        Rule(
            "GET", "/eth/v1/remotekeys", 200,
            #"{"data":[{"pubkey":"\#(known)","url":"https://signer:9000","readonly":false}]}"#, asked: "remote list"),
        Rule(
            "POST", "/eth/v1/remotekeys",
            #"{"remote_keys":[{"pubkey":"\#(known)","url":"https://signer:9000"},{"pubkey":"\#(other)"}]}"#, 200,
            #"{"data":[{"status":"duplicate"},{"status":"duplicate"}]}"#,
            asked: "remote import https://signer:9000,-"),
        Rule("POST", "/eth/v1/remotekeys", #"{"remote_keys":[{"url":"https://signer:9000"}]}"#, 400),
        Rule("POST", "/eth/v1/remotekeys", #"{"remote_keys":{}}"#, 400),
        Rule(
            "DELETE", "/eth/v1/remotekeys", #"{"pubkeys":["\#(known)"]}"#, 200, #"{"data":[{"status":"deleted"}]}"#,
            asked: "remote delete 1"),
        Rule("DELETE", "/eth/v1/remotekeys", "[]", 400),
        // One validator.
        Rule(
            "GET", validator + "/feerecipient", 200,
            #"{"data":{"pubkey":"\#(known)","ethaddress":"\#(Bytes20(padding: [0xFE]).hex)"}}"#,
            asked: "fee recipient"),
        Rule("GET", stranger + "/feerecipient", 404, asked: "fee recipient"),
        Rule(
            "POST", validator + "/feerecipient", #"{"ethaddress":"\#(address)"}"#, 202, "",
            asked: "set feeRecipient(\(address))"),
        Rule(
            "POST", stranger + "/feerecipient", #"{"ethaddress":"\#(address)"}"#, 404,
            asked: "set feeRecipient(\(address))"),
        Rule("POST", validator + "/feerecipient", #"{"ethaddress":"0x00"}"#, 400),
        Rule("POST", validator + "/feerecipient", #"{"ethaddress":"\#(Bytes20.zero.hex)"}"#, 400),
        Rule("POST", validator + "/feerecipient", #"{"ethaddress":"\#(address.dropFirst(2))"}"#, 400),
        Rule("POST", validator + "/feerecipient", #"{"ethaddress":7}"#, 400),
        Rule("POST", validator + "/feerecipient", "", 400),
        Rule("DELETE", validator + "/feerecipient", 204, "", asked: "unset feerecipient"),
        Rule(
            "GET", validator + "/gas_limit", 200, #"{"data":{"pubkey":"\#(known)","gas_limit":"36000000"}}"#,
            asked: "gas limit"),
        Rule("POST", validator + "/gas_limit", #"{"gas_limit":"1"}"#, 202, "", asked: "set gasLimit(1)"),
        Rule("POST", validator + "/gas_limit", #"{"gas_limit":"0"}"#, 400),
        Rule("POST", validator + "/gas_limit", #"{"gas_limit":1}"#, 400),
        Rule("POST", validator + "/gas_limit", #"{"gas_limit":"18446744073709551616"}"#, 400),
        Rule("DELETE", validator + "/gas_limit", 403, asked: "unset gas_limit"),
        Rule("DELETE", stranger + "/gas_limit", 404, asked: "unset gas_limit"),
        Rule(
            "GET", validator + "/graffiti", 200, #"{"data":{"pubkey":"\#(known)","graffiti":"plain text"}}"#,
            asked: "graffiti"),
        Rule("POST", validator + "/graffiti", #"{"graffiti":"x"}"#, 202, "", asked: #"set graffiti("x")"#),
        Rule("POST", validator + "/graffiti", #"{"graffiti":""}"#, 202, "", asked: #"set graffiti("")"#),
        Rule("POST", validator + "/graffiti", #"{"graffiti":"\#(String(repeating: "é", count: 17))"}"#, 400),
        Rule("POST", validator + "/graffiti", #"{"graffiti":null}"#, 400),
        Rule("DELETE", validator + "/graffiti", 204, "", asked: "unset graffiti"),
        Rule("PATCH", validator + "/graffiti", "", 405),
        Rule("POST", validator + "/voluntary_exit", 200, exit.replacing("%", with: "9"), asked: "exit -"),
        Rule("POST", validator + "/voluntary_exit?epoch=300", 200, exit.replacing("%", with: "300"), asked: "exit 300"),
        Rule("POST", validator + "/voluntary_exit?epoch=-1", 400),
        Rule("POST", validator + "/voluntary_exit?epoch=", 400),
        Rule("POST", stranger + "/voluntary_exit", 404, asked: "exit -"),
        Rule("GET", validator + "/voluntary_exit", 405),
        Rule("GET", "/eth/v1/validator/0x12/graffiti", 400),
        Rule("GET", "/eth/v1/validator/\(known.dropFirst(2))/graffiti", 400),
        // Nothing else.
        Rule("GET", validator + "/builders", 404),
        Rule("GET", "/eth/v1/validator/config", 404),
        Rule("GET", "/eth/v1/keystores/", 404),
        Rule("GET", "/", 404),
    ]

    @Test("each method and path has its status, its answer's shape and its effect", arguments: rules)
    func rule(rule: Rule) async throws {
        let backend = StubKeymanager()
        try await KeymanagerScene.with(backend) { scene in
            let answer = try await scene.ask(rule.method, rule.path, rule.body)
            #expect(answer.status == rule.status)
            #expect(answer.contentType == (rule.answer == "" ? nil : "application/json"))
            if let wanted = rule.answer {
                #expect(answer.text == wanted)
            } else {
                #expect(answer.message?.isEmpty == false)
            }
            #expect((answer.allow != nil) == (rule.status == 405))
        }
        #expect(backend.asked == rule.asked)
    }

    @Test("without its token no request gets anywhere: 401 without one, 403 with another", arguments: rules)
    func authentication(rule: Rule) async throws {
        let backend = StubKeymanager()
        let good = KeymanagerScene.token
        try await KeymanagerScene.with(backend) { scene in
            for header in [nil, "", "Bearer", "Basic \(good)", good] {
                #expect(try await scene.ask(rule.method, rule.path, rule.body, authorization: header).status == 401)
            }
            for wrong in [good.uppercased(), good + "0", String(good.dropLast()), "x"] {
                let answer = try await scene.ask(
                    rule.method, rule.path, rule.body, authorization: "Bearer \(wrong)")
                #expect(answer.status == 403)
                #expect(answer.message?.contains("--keymanager-token-file") == true)
                #expect(answer.message?.contains(good) == false)
            }
        }
        #expect(backend.asked.isEmpty)
    }

    @Test("what goes wrong inside is 500 with a message, and says nothing of what it was")
    func broken() async throws {
        try await KeymanagerScene.with(StubKeymanager(isBroken: true)) { scene in
            let answer = try await scene.ask("GET", "/eth/v1/keystores")
            #expect(answer.status == 500)
            #expect(answer.message == "internal error; the node's log says which")
        }
    }

    @Test("before the node can do anything it says so with 503, and again when it stops")
    func notReady() async throws {
        try await KeymanagerScene.with(nil) { scene in
            #expect(try await scene.ask("GET", "/eth/v1/keystores").status == 503)
            #expect(try await scene.ask("GET", "/eth/v1/keystores", authorization: nil).status == 401)
            scene.server.open(StubKeymanager())
            #expect(try await scene.ask("GET", "/eth/v1/keystores").status == 200)
            scene.server.close("the node stops")
            let answer = try await scene.ask("GET", "/eth/v1/keystores")
            #expect(answer.status == 503 && answer.message?.contains("the node stops") == true)
        }
    }
}
