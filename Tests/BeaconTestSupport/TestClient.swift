import BeaconAPI
import BeaconClient
import Logging

/// Nothing listens here.
package let deadURL = "http://127.0.0.1:1"

/// A client of these nodes, shut down when `body` is done.
@discardableResult
package func withClient<R: Sendable>(
    _ urls: [String], fallbacks: [String] = [],
    configure: (inout BeaconClientConfiguration) -> Void = { _ in },
    _ body: (BeaconClient) async throws -> R
) async throws -> R {
    var configuration = BeaconClientConfiguration(
        primaries: try urls.map { url throws(BeaconNodeAddress.Fault) in try BeaconNodeAddress(url) },
        fallbacks: try fallbacks.map { url throws(BeaconNodeAddress.Fault) in try BeaconNodeAddress(url) })
    // Patient, because the machine may be busy; tests of time-outs set their own.
    configuration.readTimeout = .seconds(30)
    configuration.submitTimeout = .seconds(30)
    configure(&configuration)
    var logger = Logger(label: "test client")
    logger.logLevel = .critical
    let client = BeaconClient(configuration: configuration, logger: logger)
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

/// The error of a call.
package func failure<R>(_ call: () async throws(BeaconError) -> R) async -> BeaconError? {
    do throws(BeaconError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}
