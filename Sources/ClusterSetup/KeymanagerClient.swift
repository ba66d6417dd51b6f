import Cluster
import NIOCore
import NIOPosix
import SSZ

/// A validator client's keymanager API, which takes key shares instead of a directory.
///
/// Source: spec/dkg.md §6.6, spec/cli-create.md §5; https://ethereum.github.io/keymanager-APIs.
package struct KeymanagerClient: Sendable {
    /// For the test before anything is sent.
    private static let connectTimeout = Duration.seconds(2)
    private static let answerBytesMax = 16 << 20

    package let address: ServiceURL
    private let token: String
    private let timeoutPerKeystore: Duration
    private let web: WebClient

    /// - Parameter timeoutPerKeystore: the client opens all keystores of an import before it answers.
    package init(
        _ address: ServiceURL, token: String, timeoutPerKeystore: Duration = .seconds(2), web: WebClient
    ) {
        self.address = address
        self.token = token
        self.timeoutPerKeystore = timeoutPerKeystore
        self.web = web
    }

    /// Whether something listens there.
    package func testConnection() async throws(ServiceError) {
        let timeout = Self.connectTimeout * web.patience
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout))
                .connect(host: address.host, port: address.port).get()
            try? await channel.close()
        } catch {
            throw failure("connect to the keymanager", .init(transport: error, timeout: timeout))
        }
    }

    /// Hands over the keys. On an error the other side may hold some or all of them.
    package func send(_ sealed: SealedKeystores) async throws(ServiceError) {
        var request = WebClient.Request(
            address.appending("/eth/v1/keystores"), timeout: timeoutPerKeystore * max(1, sealed.keystores.count),
            answerBytesMax: Self.answerBytesMax)
        request.method = .POST
        request.authorization = "Bearer " + token
        let body: JSONValue = [
            "keystores": .array(sealed.keystores.map { .string(String(decoding: $0, as: UTF8.self)) }),
            "passwords": .array(sealed.passwords.map { .string($0) }),
        ]
        request.body = body.bytes()
        do throws(ServiceError.Cause) {
            let answer = try await web.send(request)
            guard answer.isSuccess else { throw answer.fault(secrets: [token]) }
            try Self.check(answer.body, token)
        } catch {
            throw failure("import keystores", error)
        }
    }

    /// Charon does not look at the answer. But the shares exist nowhere else, so one that was not taken must show.
    private static func check(_ body: [UInt8], _ token: String) throws(ServiceError.Cause) {
        guard let rows = (try? JSONValue(parsing: body))?["data"]?.array else { return }
        for (i, row) in rows.enumerated() where row["status"]?.string == "error" {
            let message = ServiceError.excerpt(row["message"]?.string ?? "no reason given", [token])
            throw .malformed("keystore \(i) was not taken: \(message)")
        }
    }

    private func failure(_ action: String, _ cause: ServiceError.Cause) -> ServiceError {
        ServiceError(action: action, place: address.description, cause: cause)
    }
}
