import Glibc

/// Why a file of the cluster cannot be read, trusted or written. The text names the place and, where there is one, the cure.
package indirect enum ClusterError: Error, Equatable, Sendable {
    /// The operating system refused. `code` is its errno.
    case system(action: String, path: String, code: Int32)
    /// Larger than any honest file of this kind.
    case fileTooLarge(path: String, bytesMax: Int)
    /// Not JSON at all; the reason comes from the parser.
    case json(String)
    /// A value that does not belong at this place, for example `distributed_validators[3].public_shares[1]`.
    case field(String, String)
    /// A definition or lock of a version this release does not read; the text is the one found in the file.
    case unsupportedVersion(String)
    /// The cause, in a definition or lock that cannot be read: the name of the document, for the cure.
    case document(String, ClusterError)
    /// The content is readable but a hash or signature does not hold.
    case verification(field: String, String)
    /// A request that cannot be carried out: which option, and why.
    case option(String, String)
    /// The cause, in the file where it was found.
    case inFile(String, ClusterError)
}

extension ClusterError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let action, let path, let code): "\(action) \(path): \(String(cString: strerror(code)))"
        case .fileTooLarge(let path, let bytesMax): "read \(path): larger than \(bytesMax) bytes, so not such a file"
        case .json(let reason): "parse JSON: \(reason)"
        case .field(let field, let reason): "\(field): \(reason)"
        case .unsupportedVersion(let found):
            "version: \"\(found)\" is not supported, only \(FileVersion.names);"
                + " create the cluster with a release that writes one of these"
        case .document(let name, let cause): "\(cause); correct the \(name) or get it again from its creator"
        case .verification(let field, let reason):
            "verify \(field): \(reason); get the file again from its creator (--no-verify turns this into a warning)"
        case .option(let option, let reason): "\(option): \(reason)"
        case .inFile(let path, let cause): "\(path): \(cause)"
        }
    }
}

extension ClusterError {
    /// The same for a document inside another: fields gain the prefix, for example `cluster_definition.`.
    func inside(_ prefix: String) -> ClusterError {
        switch self {
        case .field(let field, let reason): .field(prefix + field, reason)
        case .verification(let field, let reason): .verification(field: prefix + field, reason)
        default: self
        }
    }

    /// The same at an option that names the file or directory: what the operating system refused gains the option and,
    /// where there is one, the cure.
    ///
    /// - Parameter missing: the cure if nothing is there.
    package func at(_ option: String, missing: String) -> ClusterError {
        guard case .system(_, _, let code) = self else { return self }
        let cure: String? =
            switch code {
            case ENOENT, ENOTDIR: missing
            case EISDIR: "name the file in it"
            case EACCES, EPERM: "give the user that runs styx access to it"
            default: nil
            }
        return .option(option, "\(self)" + (cure.map { "; \($0)" } ?? ""))
    }

    /// As the result of a verification: content that cannot even be looked at does not hold.
    var asVerification: ClusterError {
        if case .field(let field, let reason) = self { return .verification(field: field, reason) }
        return self
    }

    /// With the cure for a document that cannot be read. A version from another time has a cure of its own.
    func inDocument(_ name: String) -> ClusterError {
        if case .unsupportedVersion = self { return self }
        return .document(name, self)
    }
}
