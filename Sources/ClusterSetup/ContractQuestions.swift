import Cluster

/// `--execution-client-rpc-endpoint`: who to ask about the signatures of contract wallets, if anybody.
package struct ContractQuestions: Sendable {
    /// Empty: nobody.
    private let endpoint: String
    private let web: WebClient

    package init(endpoint: String, web: WebClient) {
        self.endpoint = endpoint
        self.web = web
    }

    /// Without an endpoint the questions stay open, and count as failures. With one, it must be there even if there is
    /// nothing to ask, as Charon demands: a typo shows at once.
    package func settle(_ verification: inout Verification) async throws {
        guard !endpoint.isEmpty else { return }
        let client = try await connect()
        await client.settle(&verification)
    }

    /// What the contracts say; nothing without an endpoint or without questions.
    ///
    /// - Throws: `ServiceError` when the execution client does not answer in some seconds, `ClusterError` for a bad URL.
    package func answers(to calls: [ContractCall]) async throws -> [(call: ContractCall, answer: ContractAnswer)] {
        guard !endpoint.isEmpty, !calls.isEmpty else { return [] }
        let client = try await connect()
        var answers: [(ContractCall, ContractAnswer)] = []
        for call in calls { answers.append((call, await client.answer(call))) }
        return answers
    }

    private func connect() async throws -> ExecutionClient {
        let client = ExecutionClient(try TrustedDealer.url(endpoint, "--execution-client-rpc-endpoint"), web: web)
        try await client.waitUntilConnected()
        return client
    }
}
