import AsyncHTTPClient
import ClusterSetup
import NIOCore
import NIOHTTP1

/// Whether the signers are there, asked apart from signing: of a signer that signs nothing for an epoch nobody would
/// hear otherwise.
extension SignerClient {
    /// Asks all signers at once; in their order, by name.
    package func health() async -> [(signer: String, health: SignerHealth)] {
        let found = await withTaskGroup(of: (Int, SignerHealth).self) { group in
            for signer in configuration.urls.indices {
                group.addTask { (signer, await self.health(of: signer)) }
            }
            return await group.reduce(into: [Int: SignerHealth]()) { $0[$1.0] = $1.1 }
        }
        return configuration.urls.enumerated().map { ($1.description, found[$0] ?? .unknown) }
    }

    private func health(of signer: Int) async -> SignerHealth {
        async let healthcheck = get("/healthcheck", of: signer)
        switch await get("/upcheck", of: signer) {
        case .failure(let cause): return .unreachable("\(cause)")
        case .success(let answer):
            let status = Int(answer.status.code)
            guard case .success(let health) = await healthcheck else {
                return SignerHealth(upcheck: status, healthcheck: nil)
            }
            let body = health.body.map { Array($0.readableBytesView) } ?? []
            return SignerHealth(upcheck: status, healthcheck: (Int(health.status.code), body))
        }
    }

    private func get(_ path: String, of signer: Int) async -> Result<HTTPClient.Response, ServiceError.Cause> {
        let deadline = NIODeadline.now() + TimeAmount(configuration.timeout)
        return await withCheckedContinuation { done in
            request(signer, .GET, path, nil, bytesMax: SignerAnswer.bytesMax, deadline) { result in
                done.resume(
                    returning: result.mapError {
                        ServiceError.Cause(transport: $0, timeout: self.configuration.timeout)
                    })
            }
        }
    }
}
