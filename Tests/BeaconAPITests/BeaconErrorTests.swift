import BeaconAPI
import Testing

@Suite("Errors of beacon nodes")
struct BeaconErrorTests {
    private static func status(_ status: Int, _ message: String, failures: [String] = []) -> BeaconError.Cause {
        .status(
            APIErrorBody(
                code: status, message: message,
                failures: failures.enumerated().map { .init(index: $0.offset, message: $0.element) }),
            httpStatus: status)
    }

    private static func error(_ cause: BeaconError.Cause, node: String = "http://bn") -> BeaconError {
        BeaconError(endpoint: "attestation_data", node: node, cause: cause)
    }

    @Test(
        "knows what another attempt or another node may cure",
        arguments: [
            (.timeout, true, true),
            (.connection("connection refused"), true, true),
            (.syncing, true, true),
            (.cancelled, true, false),
            (.absent("none yet"), true, false),
            (.malformed("data missing"), true, true),
            (.tooLarge(bytesMax: 1), false, true),
            (status(400, "bad request"), false, false),
            (status(404, "not found"), false, false),
            (status(401, "key expired"), true, true),
            (status(403, "forbidden"), true, true),
            (status(500, "internal"), true, true),
            (status(501, "not implemented"), true, true),
            (status(502, ""), true, true),
            (status(503, "Beacon node is currently syncing"), true, true),
            (status(504, ""), true, true),
            (status(429, "slow down"), true, true),
            (status(500, "HeadBlockNotFullyVerified"), true, true),
            (status(400, "Slot is from the Future"), true, false),
            (status(400, "epoch must be current or previous"), true, false),
            (status(400, "", failures: ["retryable"]), true, false),
            (status(400, "HeadBlockNotFullyVerified"), false, true),
            (status(500, "context deadline exceeded"), true, true),
        ] as [(BeaconError.Cause, Bool, Bool)])
    func classes(cause: BeaconError.Cause, isTemporary: Bool, callsForFallback: Bool) {
        #expect(Self.error(cause).isTemporary == isTemporary)
        #expect(BeaconError.callForFallback([Self.error(cause)]) == callsForFallback)
    }

    @Test(
        "of a submission, what a node did not take for a reason of its own is not worth a repetition",
        arguments: [
            (status(401, ""), false), (status(403, ""), false), (status(500, ""), false), (.malformed("x"), false),
            (status(429, ""), true), (status(503, ""), true), (.timeout, true),
        ] as [(BeaconError.Cause, Bool)])
    func submissions(cause: BeaconError.Cause, isTemporary: Bool) {
        let error = BeaconError(endpoint: "x", node: "", cause: cause, isSubmission: true)
        #expect(error.isTemporary == isTemporary)
    }

    @Test("an answer that is the same everywhere keeps from asking the fallback, in whatever order errors come")
    func order() {
        for answer in [Self.status(400, "bad"), Self.status(404, "none")] {
            for trouble in [Self.status(401, "key"), Self.status(500, "boom"), .malformed("<html>")] {
                let errors = [Self.error(answer), Self.error(trouble)]
                #expect(!BeaconError.callForFallback(errors) && !BeaconError.callForFallback(errors.reversed()))
                #expect(BeaconError.mostTelling(of: errors.reversed()).cause == answer)
            }
        }
        let (none, junk) = (Self.error(.absent("none yet")), Self.error(.malformed("<html>")))
        #expect(!BeaconError.callForFallback([none, junk]) && !BeaconError.callForFallback([junk, none]))
    }

    @Test("asks fallback nodes only if no primary has an answer")
    func fallback() {
        let refused = Self.error(Self.status(400, "bad"))
        let silent = Self.error(.timeout)
        #expect(BeaconError.callForFallback([silent, silent]))
        #expect(!BeaconError.callForFallback([silent, refused]))
        #expect(!BeaconError.callForFallback([]))
    }

    @Test(
        "takes an attestation that the node has already for a success",
        arguments: [
            (status(400, "PriorAttestationKnown { validator_index: 1 }"), true),
            (status(400, "error", failures: ["PriorAttestationKnown", "Attestation already known"]), true),
            (status(400, "PriorAttestationKnown", failures: ["PriorAttestationKnown", "bad signature"]), false),
            (status(400, "bad signature"), false),
            (status(500, "already known"), false),
            (.timeout, false),
        ] as [(BeaconError.Cause, Bool)])
    func alreadyKnown(cause: BeaconError.Cause, isKnown: Bool) {
        #expect(cause.isAlreadyKnown == isKnown)
    }

    @Test("reports the most telling of several nodes' errors, temporary if one is")
    func mostTelling() {
        let refused = Self.error(Self.status(400, "bad"), node: "http://a")
        let silent = Self.error(.timeout, node: "http://b")
        let worst = BeaconError.mostTelling(of: [refused, silent])
        #expect(worst.cause == refused.cause)
        #expect(worst.node == "http://a")
        #expect(worst.isTemporary)
        #expect(!refused.isTemporary)
    }

    @Test(
        "reads any error body",
        arguments: [
            (#"{"code":404,"message":"NotFound"}"#, APIErrorBody(code: 404, message: "NotFound")),
            (#"{"code":"404","message":"NotFound"}"#, APIErrorBody(code: 404, message: "NotFound")),
            (#"{"message":7}"#, APIErrorBody(code: 500, message: "")),
            ("<html>\nBad Gateway</html>", APIErrorBody(code: 500, message: "<html> Bad Gateway</html>")),
            ("", APIErrorBody(code: 500, message: "")),
            ("[]", APIErrorBody(code: 500, message: "[]")),
            (
                #"{"code":400,"message":"m","failures":[{"index":1,"message":"a"},{"index":"2"},{"message":"x"},3]}"#,
                APIErrorBody(
                    code: 400, message: "m", failures: [.init(index: 1, message: "a"), .init(index: 2, message: "")])
            ),
        ])
    func bodies(text: String, body: APIErrorBody) {
        #expect(APIErrorBody(lenient: text.utf8, status: 500) == body)
    }

    @Test("writes failures only if there are any")
    func writes() {
        #expect(APIErrorBody(code: 404, message: "NotFound").json().text() == #"{"code":404,"message":"NotFound"}"#)
        #expect(
            APIErrorBody(code: 400, message: "m", failures: [.init(index: 2, message: "x")]).json().text()
                == #"{"code":400,"message":"m","failures":[{"index":2,"message":"x"}]}"#)
    }

    @Test("cuts endless texts")
    func cuts() {
        let body = APIErrorBody(lenient: String(repeating: "x", count: 100_000).utf8, status: 500)
        #expect(body.message.count == 512)
    }
}
