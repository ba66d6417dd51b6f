/// Where we answer recorded traffic otherwise than Charon, each with the reason.
struct RecordedDifference {
    struct Expected: Sendable {
        /// Nil if the connection is closed without an answer.
        let status: Int?
        /// Whether that is a difference on purpose: then the rest of the answer is ours, too.
        let isNamed: Bool
    }

    let ids: [String]
    let status: Int?
    let why: String

    static func expected(_ traffic: RecordedTraffic) -> Expected {
        if let difference = all.first(where: { $0.ids.contains(traffic.plainID) }) {
            return Expected(status: difference.status, isNamed: true)
        }
        // A beacon node's refusal is passed on as it is: the client learns more from 404 than from Charon's 500.
        if let upstream = traffic.upstreamStatus { return Expected(status: upstream, isNamed: true) }
        return Expected(status: traffic.status, isNamed: false)
    }

    private static func both(_ methods: [String]) -> [String] {
        methods.flatMap { ["odd.http.\($0).intercepted", "odd.http.\($0).proxied"] }
    }

    static let all: [RecordedDifference] = [
        RecordedDifference(
            ids: both(["get", "FOO"]), status: 400, why: "no methods of HTTP: the parser ends the connection"),
        RecordedDifference(
            ids: both(["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
                + ["odd.http.preflight", "odd.events.head_method"],
            status: 405, why: "the client's fault, not ours; neither passes them on"),
        RecordedDifference(
            ids: both(["HEAD"]), status: 200,
            why: "HEAD is GET without a body, as HTTP has it"),
        RecordedDifference(
            ids: [
                "odd.http.path.double", "odd.http.path.double_inside", "odd.http.path.dot", "odd.http.path.dotdot",
                "odd.http.path.double_proxied", "odd.http.double_post",
            ], status: 200, why: "answered at once: many clients lose the body of a POST when they follow a 301"),
        RecordedDifference(
            ids: ["odd.http.path.trailing", "odd.attester_duties.slash", "odd.validator.empty"], status: 200,
            why: "a slash at the end does not lead past us: what carries a share's signature must not go on"),
        RecordedDifference(
            ids: ["odd.http.path.fragment", "odd.http.path.null", "odd.http.path.semicolon"], status: 400,
            why: "servers read these paths differently, so none of them is passed on"),
        RecordedDifference(
            ids: ["odd.attester_duties.no_epoch"], status: 400, why: "a path of ours, of which a part is missing"),
        RecordedDifference(
            ids: ["odd.proposer_duties.v3", "odd.ptc"], status: 501,
            why: "other versions of what we answer are refused by name: duties would name keys that the client has not"),
        RecordedDifference(
            ids: ["good.attester_duties.mixed", "odd.attester_duties.dup"], status: 200,
            why: "indices as text and numbers in one list mean the same"),
        RecordedDifference(
            ids: ["odd.attester_duties.null_entry"], status: 400, why: "null is no index; Charon takes it for 0"),
        RecordedDifference(
            ids: ["odd.attester_duties.upper_type"], status: 200, why: "media types have no letter case (RFC 9110)"),
        RecordedDifference(
            ids: ["odd.prepare.ssz_garbage", "odd.prepare.text", "odd.register.text"], status: 200,
            why: "dropped unread, whatever the type"),
        RecordedDifference(
            ids: ["odd.removed.v1att_text"], status: 404, why: "gone, whatever the type"),
        RecordedDifference(
            ids: [
                "odd.attester_duties.epoch_far", "odd.attester_duties.epoch_next2", "odd.proposer_duties.v1.far",
                "odd.proposer_duties.v1.next2", "odd.proposer_duties.v2.far", "odd.proposer_duties.v2.next2",
                "odd.attester_duties.unknown_index", "odd.attester_duties.mixed_unknown", "odd.attester_duties.many",
                "odd.sync_duties.unknown", "odd.validators.state_index.99999", "odd.validators.state_index.0xababab",
            ], status: 200, why: "the stub knows all epochs, validators and states; see NodeBackendTests"),
        RecordedDifference(
            ids: [
                "odd.validators.get.root", "odd.validators.get.foreign_key", "odd.validators.get.bad_point",
                "odd.validators.get.infinity", "odd.validators.post.root", "odd.validators.post.foreign",
                "odd.validators.unknown_valid_key",
                "odd.validators.get.foreign_index", "odd.validators.get.index_and_foreign", "odd.validators.post.many",
            ], status: 200, why: "keys and indices of others have no row, as at any beacon node"),
        RecordedDifference(
            ids: [
                "odd.validator.root", "odd.validator.foreign", "odd.validator.foreign_index",
                "odd.validator.unknown_valid_key",
            ], status: 404, why: "not found, as at any beacon node"),
        RecordedDifference(
            ids: [
                "odd.validators.post.number_ids", "odd.validators.get.empty_id", "odd.validators.get.trailing_comma",
                "odd.validators.get.upper_0X",
            ],
            status: 200, why: "it is clear what is meant"),
        RecordedDifference(
            ids: [
                "odd.validators.get.no_prefix", "odd.validators.get.other_share",
                "odd.validators.get.short", "odd.validators.get.nonhex", "odd.validators.get.mixed",
                "odd.validators.get.mixed2", "odd.validators.get.negative", "odd.validators.get.text",
                "odd.validators.post.array", "odd.validators.post.other_share", "odd.validators.post.one_other",
                "odd.validators.post.mixed", "odd.validators.post.string", "odd.validators.post.bad_json",
                "odd.validator.other_share", "odd.validator.text", "odd.validator.two", "odd.validator.negative",
            ], status: 400, why: "the client's fault, not ours"),
        RecordedDifference(
            ids: [
                "odd.validators.state.nonsense", "odd.validators.state.-1", "odd.validators.state.HEAD",
                "odd.validators.state_index.nonsense", "odd.validators.state_index.-1",
                "odd.validators.state_index.HEAD",
            ], status: 400, why: "no such state can be; Charon looks only if it has to ask"),
        RecordedDifference(
            ids: ["odd.validators.get.status_bad", "odd.validators.post.status_bad"], status: 400,
            why: "statuses are looked at; Charon ignores them"),
        RecordedDifference(
            ids: ["odd.validators.get.status_none_match", "odd.validators.post.status_none_match"], status: 200,
            why: "statuses are looked at: the list is empty"),
        RecordedDifference(
            ids: ["odd.http.no_host"], status: 200, why: "the host means nothing to us"),
        RecordedDifference(
            ids: ["odd.http.te_identity"], status: 200, why: "a coding that is none changes nothing"),
        RecordedDifference(
            ids: ["odd.http.length_and_chunked", "odd.http.lf_only", "odd.http.h2c"], status: 400,
            why: "what parsers read differently ends the connection"),
        RecordedDifference(
            ids: ["odd.http.garbage", "odd.http.bad_length", "odd.http.two_lengths", "odd.http.space_header"],
            status: 400, why: "the same, but the parser has no words for it"),
        RecordedDifference(ids: ["odd.http.expect_other"], status: 417, why: "the same, with words"),
    ]
}
