import Cluster
import NIOHTTP1

/// `--definition-file`: a path, or an http(s) URL. Source: spec/cluster-files.md §13.
package enum DefinitionSource: Sendable {
    case file(String)
    case url(ServiceURL)

    private static let bytesMax = 16 << 20
    private static let timeout = Duration.seconds(10)
    private static let redirectsMax = 5

    /// - Throws: for a URL that cannot be one.
    package init(_ text: String) throws(ClusterError) {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            self = .file(text)
            return
        }
        do throws(ServiceURL.Fault) {
            self = .url(try ServiceURL(text))
        } catch {
            throw .option("--definition-file", "\(error)")
        }
    }

    /// For people; without credentials.
    package var description: String {
        switch self {
        case .file(let path): path
        case .url(let url): url.shown
        }
    }

    /// Reads and bounds, does not verify.
    ///
    /// - Parameter option: that names the source.
    package func load(_ web: WebClient, option: String = "--definition-file") async throws -> Definition {
        let bytes = try await read(web, bytesMax: Self.bytesMax, option: option)
        do throws(ClusterError) {
            return try Definition(json: bytes)
        } catch {
            throw ClusterError.inFile(description, error)
        }
    }

    /// The bytes, or an error if there are more.
    func read(_ web: WebClient, bytesMax: Int, option: String) async throws -> [UInt8] {
        switch self {
        case .file(let path):
            do throws(ClusterError) { return try FileAccess.read(path, bytesMax: bytesMax) } catch {
                throw error.at(option, missing: "give the path of a file that is there, or an http(s) URL")
            }
        case .url(let url): return try await Self.fetch(url, web, bytesMax)
        }
    }

    private static func fetch(_ first: ServiceURL, _ web: WebClient, _ bytesMax: Int) async throws(ServiceError)
        -> [UInt8]
    {
        var url = first
        do throws(ServiceError.Cause) {
            for _ in 0...redirectsMax {
                var request = WebClient.Request(url.target, timeout: timeout, answerBytesMax: bytesMax)
                // The user's password is for the host they named.
                request.authorization = url.origin == first.origin ? first.authorization : nil
                let answer = try await web.send(request)
                if answer.isSuccess { return answer.body }
                guard answer.isRedirect, let location = answer.location, let next = url.redirected(to: location) else {
                    throw answer.fault()
                }
                url = next
            }
            throw .redirected
        } catch {
            throw ServiceError(action: "fetch the definition", place: first.shown, cause: error)
        }
    }
}
