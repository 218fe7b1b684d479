;; unusable: an import of another system, of which its manifest says nothing
;; attacks: none
;; says: it imports 'wasi_snapshot_preview1.fd_write', but its manifest does not declare WASI: add the line 'wasi preview1'
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-wasi 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
