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
        let client = ExecutionClient(
            try TrustedDealer.url(endpoint, "--execution-client-rpc-endpoint"), web: web)
        try await client.waitUntilConnected()
        await client.settle(&verification)
    }
}
