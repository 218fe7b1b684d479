;; refused: a manifest with line ends and escapes of a terminal in its words
;; attacks: none
;; says: line 2: not the name of a resource
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-escapes 0\nresource list /v1/pods\0d\1b[2J * *\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
