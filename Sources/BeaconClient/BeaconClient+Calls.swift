import AsyncHTTPClient
import BeaconAPI
import Ethereum
import NIOCore
import SSZ

/// What all calls share. Every answer is checked before it counts as a success, so a node that answers nonsense loses
/// against a slower one that does not.
extension BeaconClient {
    /// An answer that does not fit the question.
    struct UnexpectedAnswer: Error, CustomStringConvertible {
        let description: String
    }

    static func expect(_ condition: Bool, _ what: String) throws(UnexpectedAnswer) {
        guard condition else { throw UnexpectedAnswer(description: what) }
    }

    /// - Parameter node: the only one to ask, whether it may be used or not; nil for all.
    func call<Answer>(
        _ endpoint: BeaconEndpoint, at node: Int? = nil, _ read: (JSONValue) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        try await request(endpoint, at: node) { response in try Self.read(response, of: endpoint, read) }
    }

    /// Like `call`, for answers that may be SSZ.
    func callRaw<Answer>(
        _ endpoint: BeaconEndpoint, at node: Int? = nil, _ read: (EncodedBody, HeaderFields) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        try await request(endpoint, at: node) { response in try Self.readRaw(response, of: endpoint, read) }
    }

    /// Publishes at every node; returns once one node has taken it.
    ///
    /// A node that knows it already has taken it (workflow.md §13).
    func submit(
        _ submission: BeaconSubmission, json: (@Sendable () -> BeaconSubmission)? = nil
    ) async throws(BeaconError) {
        let endpoint = BeaconEndpoint.submit(submission)
        let timeout = configuration.timeout(endpoint)
        var request = OutgoingRequest(endpoint, timeout: timeout)
        if let json { request.json = { OutgoingRequest(.submit(json()), timeout: timeout) } }
        try await firstSuccess(request) { response in try Self.read(response, of: endpoint) { _ in } }
    }

    private func request<Answer>(
        _ endpoint: BeaconEndpoint, at node: Int?, _ judge: (HTTPClient.Response) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        let request = OutgoingRequest(endpoint, timeout: configuration.timeout(endpoint))
        return try await firstSuccess(request, at: node, judge: judge)
    }

    /// What an answer says; throws why it is no success. Of an answer to a submission only the status is looked at:
    /// `read` then gets `null`.
    static func read<Answer>(
        _ response: HTTPClient.Response, of endpoint: BeaconEndpoint, _ read: (JSONValue) throws -> Answer
    ) throws -> Answer {
        try readRaw(response, of: endpoint) { body, _ in
            if endpoint.isSubmission { return try read(.null) }
            return try read(BeaconAnswer.parse(body.bytes, bytesMax: endpoint.answerBytesMax))
        }
    }

    static func readRaw<Answer>(
        _ response: HTTPClient.Response, of endpoint: BeaconEndpoint,
        _ read: (EncodedBody, HeaderFields) throws -> Answer
    ) throws -> Answer {
        let bytes = response.body?.readableBytesView ?? ByteBufferView()
        let status = Int(response.status.code)
        let headers = response.headers.headerFields
        if !(200..<300).contains(status) {
            let cause = BeaconError.Cause.status(APIErrorBody(lenient: bytes, status: status), httpStatus: status)
            guard endpoint.isSubmission, cause.isAlreadyKnown else { throw cause }
        }
        do {
            let encoding = EncodedBody.Encoding(contentType: headers[HeaderName.contentType])
            return try read(EncodedBody(encoding, Array(bytes)), headers)
        } catch let cause as BeaconError.Cause {
            throw cause
        } catch {
            throw BeaconError.Cause.malformed("\(error)")
        }
    }
}
