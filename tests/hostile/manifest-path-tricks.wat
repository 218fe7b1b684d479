;; refused: a path that would lead elsewhere
;; attacks: none
;; says: line 2: not a plain absolute path
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-path-tricks 0\npath /version/../api\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
