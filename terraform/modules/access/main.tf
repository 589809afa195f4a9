# One role for each thing that is done, each with what docs/pods.md says that it needs. Which keys there are is
# written once, below; no role of a night has a right to delete but below doctor/.

locals {
  bucket  = "arn:aws:s3:::${var.bucket}"
  objects = "${local.bucket}/${var.prefix}"

  # Service accounts of inference_image/k8s.
  accounts = {
    planner   = "nightlabel-planner"
    labeller  = "nightlabel-labeller"
    publisher = "nightlabel-publisher"
    trainer   = "nightlabel-trainer"
    launcher  = "nightlabel-launcher"
  }

  reads = {
    planner   = ["inbox/*", "labels/*", "nights/*"]
    labeller  = ["inbox/*", "labels/*", "nights/*"]
    publisher = ["labels/*", "nights/*"]
    trainer   = ["data/*", "drift/*", "experiments/*", "inbox/*", "labels/*", "nights/*"]
    launcher  = ["drift/*", "experiments/*", "labels/*", "nights/*"]
    cleaner   = ["labels/*", "nights/*"]
  }

  writes = {
    planner   = ["labels/_delta_log/*", "nights/*"]
    labeller  = ["labels/date=*", "nights/*/answers/*", "nights/*/progress/*", "nights/*/receipts/*"]
    publisher = ["labels/_delta_log/*", "labels/date=*", "nights/*"]
    trainer   = ["drift/*", "experiments/*", "nights/*/answers/*"]
    launcher  = ["drift/*", "experiments/*", "nights/*"]
    cleaner   = []
  }

  deletes = { cleaner = ["labels/date=*"] }

  # Data sets under their hashes belong to no use case.
  shared = { trainer = ["${local.objects}/dvc/*"], launcher = ["${local.objects}/dvc/*"] }

  below = { for what, map in { reads = local.reads, writes = local.writes, deletes = local.deletes } :
    what => { for role, paths in map :
      role => flatten([for use_case in sort(var.use_cases) : [for path in paths : "${local.objects}/${use_case}/${path}"]])
    }
  }

  look = {
    Sid      = "List" # of the whole bucket: S3 answers 403 and not 404 for a missing key where a prefix is asked for
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = local.bucket
  }

  doctor = {
    Sid      = "Doctor"
    Effect   = "Allow"
    Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    Resource = "${local.objects}/doctor/*"
  }

  statements = { for role in keys(local.reads) : role => concat(
    [local.look, local.doctor],
    [{
      Sid      = "Read"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = concat(local.below.reads[role], lookup(local.shared, role, []))
    }],
    length(local.writes[role]) == 0 ? [] : [{
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
      Resource = concat(local.below.writes[role], lookup(local.shared, role, []))
    }],
    length(lookup(local.deletes, role, [])) == 0 ? [] : [{
      Sid      = "Clean"
      Effect   = "Allow"
      Action   = "s3:DeleteObject"
      Resource = local.below.deletes[role]
    }],
    role != "launcher" ? [] : [{
      Sid      = "FindTheCluster"
      Effect   = "Allow"
      Action   = "eks:DescribeCluster"
      Resource = local.cluster
    }],
  ) }
}

resource "aws_iam_role" "this" {
  for_each = local.statements

  name                 = "${var.name}-${each.key}"
  permissions_boundary = var.boundary_arn
  max_session_duration = 3600
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = local.trust[each.key] })
}

resource "aws_iam_role_policy" "this" {
  for_each = local.statements

  name   = "lake"
  role   = aws_iam_role.this[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
