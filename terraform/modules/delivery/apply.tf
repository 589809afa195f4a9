# What changing a place takes. Names bound it wherever AWS knows names; the network, machines and zones have none, so
# there it may make, change and remove everything of the kinds that a place has, in this region. It reaches nothing of
# the account's own: not these roles, not GitHub's provider, not the bucket of the states but its own state.

locals {
  own = { for environment, place in var.places : environment => {
    place    = place
    boundary = "arn:aws:iam::${var.account_id}:policy/${var.name}-${environment}-boundary"
    roles    = "arn:aws:iam::${var.account_id}:role/${place}-*"
    profiles = "arn:aws:iam::${var.account_id}:instance-profile/${place}-*"
    here     = "${var.region}:${var.account_id}"
  } }

  roles = { for environment, own in local.own : environment => [
    {
      Sid    = "RolesWithinTheBoundary"
      Effect = "Allow"
      Action = [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
      ]
      Resource  = own.roles
      Condition = { StringEquals = { "iam:PermissionsBoundary" = own.boundary } }
    },
    {
      Sid      = "RolesOfThePlace" # what these do to a role, its boundary outlives
      Effect   = "Allow"
      Action   = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
      Resource = own.roles
    },
    {
      Sid      = "RolesForServices"
      Effect   = "Allow"
      Action   = "iam:PassRole"
      Resource = own.roles
      Condition = { StringEquals = { "iam:PassedToService" = [
        "ec2.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "eks.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "pods.eks.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ] } }
    },
    {
      Sid    = "InstanceProfiles"
      Effect = "Allow"
      Action = [
        "iam:AddRoleToInstanceProfile",
        "iam:CreateInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:TagInstanceProfile",
        "iam:UntagInstanceProfile",
      ]
      Resource = own.profiles
    },
    {
      Sid      = "RolesOfAwsItself"
      Effect   = "Allow"
      Action   = "iam:CreateServiceLinkedRole"
      Resource = "arn:aws:iam::${var.account_id}:role/aws-service-role/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = [
        "autoscaling.amazonaws.com",
        "ecs.amazonaws.com",
        "eks-nodegroup.amazonaws.com",
        "eks.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "rds.amazonaws.com",
        "spot.amazonaws.com",
      ] } }
    },
  ] }

  named = { for environment, own in local.own : environment => [
    {
      Sid    = "CalledByThePlace"
      Effect = "Allow"
      Action = ["ecr:*", "ecs:*", "eks:*", "elasticloadbalancing:*", "logs:*", "rds:*", "s3:*", "secretsmanager:*"]
      Resource = [
        "arn:aws:ecr:${own.here}:repository/${own.place}/*",
        "arn:aws:ecs:${own.here}:cluster/${own.place}-mlflow",
        "arn:aws:ecs:${own.here}:service/${own.place}-mlflow/*",
        "arn:aws:ecs:${own.here}:task-definition/${own.place}-mlflow:*",
        "arn:aws:eks:${own.here}:*/${own.place}",
        "arn:aws:eks:${own.here}:*/${own.place}/*",
        "arn:aws:elasticloadbalancing:${own.here}:*/app/${own.place}/*",
        "arn:aws:elasticloadbalancing:${own.here}:targetgroup/${own.place}-*",
        "arn:aws:logs:${own.here}:log-group:/${own.place}/*",
        "arn:aws:logs:${own.here}:log-group:/aws/eks/${own.place}/*",
        "arn:aws:rds:${own.here}:*:${own.place}-mlflow*",
        "arn:aws:s3:::${own.place}-*",
        "arn:aws:secretsmanager:${own.here}:secret:${own.place}/*",
      ]
    },
    {
      Sid      = "Budget"
      Effect   = "Allow"
      Action   = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
      Resource = "arn:aws:budgets::${var.account_id}:budget/${own.place}"
    },
    {
      Sid    = "Key"
      Effect = "Allow"
      Action = [
        "kms:CreateAlias",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DeleteAlias",
        "kms:EnableKeyRotation",
        "kms:GenerateDataKey",
        "kms:PutKeyPolicy",
        "kms:RetireGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
      ]
      Resource  = "arn:aws:kms:${own.here}:key/*"
      Condition = { StringEquals = { "aws:ResourceTag/place" = own.place } }
    },
    {
      Sid      = "Alias"
      Effect   = "Allow"
      Action   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
      Resource = "arn:aws:kms:${own.here}:alias/${own.place}"
    },
    {
      Sid       = "NewKey"
      Effect    = "Allow"
      Action    = ["kms:CreateKey", "kms:TagResource"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestTag/place" = own.place } }
    },
  ] }

  nameless = [
    {
      Sid    = "NetworkAndMachines"
      Effect = "Allow"
      Action = [
        "autoscaling:*AutoScalingGroup*",
        "autoscaling:*InstanceRefresh",
        "autoscaling:*LoadBalancerTargetGroups",
        "autoscaling:*Tags",
        "autoscaling:*TrafficSources",
        "ec2:*Address*",
        "ec2:*FlowLogs",
        "ec2:*InternetGateway",
        "ec2:*LaunchTemplate*",
        "ec2:*NatGateway",
        "ec2:*Route*",
        "ec2:*SecurityGroup*",
        "ec2:*Subnet*",
        "ec2:*Tags",
        "ec2:*Vpc",
        "ec2:*VpcAttribute",
        "ec2:*VpcEndpoint*",
        "ec2:DeleteNetworkInterface",
        "ec2:RunInstances",
        "ecs:CreateCluster",
        "ecs:*TaskDefinition",
        "eks:CreateCluster",
        "logs:*LogDelivery",
        "logs:*ResourcePolicy",
      ]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    },
    {
      Sid    = "Names" # of the private zone; Route 53 is in no region
      Effect = "Allow"
      Action = [
        "route53:AssociateVPCWithHostedZone",
        "route53:ChangeResourceRecordSets",
        "route53:ChangeTagsForResource",
        "route53:CreateHostedZone",
        "route53:DeleteHostedZone",
        "route53:DisassociateVPCFromHostedZone",
        "route53:UpdateHostedZoneComment",
      ]
      Resource = "*"
    },
  ]

  write_state = { for environment, state in local.state : environment => [{
    Sid      = "WriteTheState"
    Effect   = "Allow"
    Action   = "s3:PutObject"
    Resource = state
  }] }

  untouched = { for environment, own in local.own : environment => [
    {
      Sid    = "NotTheAccount"
      Effect = "Deny"
      Action = "iam:*"
      Resource = [
        "arn:aws:iam::${var.account_id}:oidc-provider/${local.github}",
        "arn:aws:iam::${var.account_id}:policy/${var.name}-*",
        "arn:aws:iam::${var.account_id}:role/${var.name}-*",
      ]
    },
    {
      Sid      = "NoRoleWithoutTheBoundary"
      Effect   = "Deny"
      Action   = "iam:DeleteRolePermissionsBoundary"
      Resource = "*"
    },
    {
      Sid      = "NotTheStatesBucket"
      Effect   = "Deny"
      Action   = ["s3:DeleteBucket*", "s3:DeleteObjectVersion*", "s3:PutBucket*", "s3:Put*Configuration"]
      Resource = ["arn:aws:s3:::${var.state_bucket}", "arn:aws:s3:::${var.state_bucket}/*"]
    },
  ] }
}

resource "aws_iam_role_policy" "apply" {
  for_each = aws_iam_role.apply

  name = "place"
  role = each.value.name

  policy = jsonencode({ Version = "2012-10-17", Statement = concat(
    local.read_state[each.key],
    local.write_state[each.key],
    local.no_data[each.key],
    local.roles[each.key],
    local.named[each.key],
    local.nameless,
    local.untouched[each.key],
  ) })
}
